/** A call that has ended leaves next to nothing in the heap of a running service, by V8's own figures of each small collection. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Collection } from './testing/gc-report.ts';
import { listen, postJson } from './testing/http.ts';
import { BODY } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { startService } from './testing/service-process.ts';

const CONCURRENCY = 8;
/** Enough for V8 to have optimised the code and to know how long objects live. */
const WARM_UP = 10_000;
const MEASURED = 6_000;
/** A call creates over fifty kilobytes; one of whose objects is old when it is created kept six to ten (docs/adr/0044). */
const MAX_BYTES = 3_000;
const YOUNG = new Set(['new_space', 'new_large_object_space']);
const ANSWER =
  '{"type":"message","id":"m","model":"m","usage":{"input_tokens":1,"output_tokens":1}}';

async function times(n: number, call: () => Promise<unknown>): Promise<void> {
  let left = n;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function oldBytes(spaces: Collection['before']): number {
  const old = Object.entries(spaces).filter(([name]) => !YOUNG.has(name));
  return old.reduce((sum, [, bytes]) => sum + bytes, 0);
}

const TELEMETRY: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'without telemetry': { OTEL_SDK_DISABLED: 'true' },
  // Nothing listens there. What is sampled waits for its export.
  'with telemetry': {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  },
};
for (const [what, env] of Object.entries(TELEMETRY)) {
  test(`heap: a call that has ended does not reach the old generation, ${what}`, async (t) => {
    const upstream = createServer((request, response) => {
      request.resume().on('end', () => response.end(ANSWER));
    });
    const dir = mkdtempSync(join(tmpdir(), 'heap-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const report = join(dir, 'gc.json');
    const service = await startService({
      CLAUDE_API_KEY: 'a-key-of-nobody',
      CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
      ...env,
      NODE_OPTIONS: '--import=./app/testing/gc-report.ts',
      GC_REPORT: report,
    });
    t.after(() => service.stop());
    const call = async () => {
      assert.equal((await postJson(`${service.url}/v1/messages`, BODY)).status, 200);
    };
    const reported = async (fits: (collections: readonly Collection[]) => boolean) => {
      service.child.kill('SIGUSR2');
      return eventually(() => {
        if (!existsSync(report)) return false;
        const collections: readonly Collection[] = JSON.parse(readFileSync(report, 'utf8') || '[]');
        return fits(collections) && collections;
      });
    };
    await times(WARM_UP, call);
    await reported(() => true);
    await times(MEASURED, call);
    const collections = await reported(({ length }) => length > 0);
    const promoted = collections
      .filter(({ type }) => type === 'Scavenge')
      .reduce((sum, { before, after }) => sum + oldBytes(after) - oldBytes(before), 0);
    const bytes = Math.round(promoted / MEASURED);
    t.diagnostic(`${bytes} bytes a call`);
    assert(bytes < MAX_BYTES, `${bytes} bytes a call`);
  });
}
