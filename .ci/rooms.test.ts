/** The rules of rooms.jsonc catch imports that run up, and circles, in a small copy of the layout. */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { importProblems } from './imports.ts';

const ROOT = join(import.meta.dirname, '..');
const directory = mkdtempSync(join(tmpdir(), 'observatory-rooms-'));
after(() => rmSync(directory, { recursive: true }));

/** A file, what it imports, and whether the rules let it. */
const IMPORTS: readonly [file: string, imported: string, allowed: boolean][] = [
  ['app/main.ts', './service.ts', true],
  ['app/main.ts', './testing/fakes.ts', false],
  ['app/service.ts', './http/server.ts', true],
  ['app/service.ts', './main.ts', false],
  ['app/service.ts', '../loadtest/lib/load.ts', false],
  ['app/app.ts', './service.ts', false],
  ['app/outcome.ts', './anthropic/errors.ts', true],
  ['app/outcome.ts', './errors.ts', false],
  ['app/outcome.ts', './telemetry/vocabulary.ts', false],
  ['app/errors.ts', './outcome.ts', true],
  ['app/errors.ts', './anthropic/errors.ts', true],
  ['app/errors.ts', './privacy/redactor.ts', false],
  ['app/config/config.ts', '../keys/key-store.ts', true],
  ['app/config/config.ts', '../callers/callers.ts', false],
  ['app/http/messages.ts', '../claude/client.ts', true],
  ['app/http/messages.ts', '../service.ts', false],
  ['app/http/messages.ts', '../../observability/slo.ts', false],
  ['app/library/pipeline.ts', '../claude/client.ts', true],
  ['app/library/pipeline.ts', '../http/messages.ts', false],
  ['app/library/pipeline.ts', '../config/config.ts', false],
  ['app/library/pipeline.ts', './telemetry.ts', false],
  ['app/library/pipeline.ts', 'express', false],
  ['app/library/pipeline.ts', '@opentelemetry/api', false],
  ['app/library/telemetry.ts', '@opentelemetry/api', true],
  ['app/library/telemetry.ts', '../claude/client.ts', false],
  ['app/http/messages.ts', '../library/pipeline.ts', false],
  ['app/claude/client.ts', 'trae', true],
  ['app/claude/client.ts', '../http/context.ts', false],
  ['app/pipeline/retry.ts', '../keys/key-pool.ts', true],
  ['app/pipeline/retry.ts', '../claude/client.ts', false],
  ['app/pipeline/retry.ts', 'trae', false],
  ['app/pipeline/retry.ts', '../testing/fakes.ts', false],
  ['app/pipeline/retry.test.ts', '../testing/fakes.ts', true],
  ['app/keys/key-pool.ts', '../telemetry/recorder.ts', true],
  ['app/keys/key-pool.ts', '../upstreams/upstream-pool.ts', false],
  ['app/keys/key-pool.ts', '../selection.ts', true],
  ['app/upstreams/upstream-pool.ts', '../keys/key-pool.ts', true],
  ['app/upstreams/upstream-pool.ts', '../callers/callers.ts', false],
  ['app/callers/callers.ts', '../config/kinds.ts', true],
  ['app/callers/callers.ts', '../config/config.ts', false],
  ['app/signing/signature.ts', '../keys/key-pool.ts', false],
  ['app/selection.ts', './outcome.ts', false],
  ['app/keys/key-pool.ts', '@opentelemetry/api', false],
  ['app/keys/sources/vault.ts', '../secret.ts', true],
  ['app/keys/sources/vault.ts', '../../errors.ts', true],
  ['app/keys/sources/vault.ts', '../../http/context.ts', false],
  ['app/telemetry/sdk.ts', '@opentelemetry/api', true],
  ['app/telemetry/sdk.ts', '../privacy/redactor.ts', true],
  ['app/telemetry/sdk.ts', '../keys/key-pool.ts', false],
  ['app/privacy/redactor.ts', '../telemetry/sdk.ts', false],
  ['app/anthropic/sse.ts', '../telemetry/recorder.ts', false],
  ['app/anthropic/sse.ts', '../outcome.ts', false],
  ['app/privacy/redactor.ts', '../telemetry/vocabulary.ts', false],
  ['app/anthropic/sse.ts', '../privacy/redactor.ts', false],
  ['app/time/clock.ts', '../pipeline/stage.ts', false],
  ['loadtest/lib/load.ts', '../../observability/slo.ts', true],
  ['loadtest/lib/load.ts', '../../app/http/server.ts', false],
  ['observability/slo.ts', '../app/outcome.ts', true],
  ['observability/slo.ts', '../app/claude/client.ts', false],
];

let problems: ReturnType<typeof importProblems>;
before(() => {
  const files = Map.groupBy(IMPORTS, ([file]) => file);
  for (const [file, imports] of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    // Types too: they tie rooms together as much as values do.
    const lines = imports.map(([, imported]) => `import type {} from '${imported}';\n`);
    writeFileSync(join(directory, file), lines.join(''));
  }
  cpSync(join(ROOT, '.ci/rooms.jsonc'), join(directory, '.ci/rooms.jsonc'));
  writeFileSync(join(directory, 'biome.json'), '{"extends":["./.ci/rooms.jsonc"]}');
  problems = importProblems(directory);
});

const at = (file: string, imported: string) => {
  const line = IMPORTS.filter(([other]) => other === file).findIndex(([, i]) => i === imported) + 1;
  return `${file}:${line}`;
};
for (const [file, imported, allowed] of IMPORTS) {
  test(`rooms: ${file} ${allowed ? 'may' : 'may not'} import ${imported}`, () => {
    assert.equal(problems.upward.includes(at(file, imported)), !allowed);
  });
}

test('rooms: a circle of imports is found, also through types alone', () => {
  writeFileSync(join(directory, 'loadtest/lib/a.ts'), "import type {} from './b.ts';\n");
  writeFileSync(join(directory, 'loadtest/lib/b.ts'), "import type {} from './a.ts';\n");
  const circular = importProblems(directory).circular;
  assert.deepEqual(
    circular.filter((place) => place.startsWith('loadtest')),
    ['loadtest/lib/a.ts:1', 'loadtest/lib/b.ts:1'],
  );
});

test('rooms: every folder of app has its rule', () => {
  const rules = readFileSync(join(ROOT, '.ci/rooms.jsonc'), 'utf8');
  for (const entry of readdirSync(join(ROOT, 'app'), { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === 'testing') continue;
    assert(rules.includes(`"app/${entry.name}/**"`), entry.name);
  }
});
