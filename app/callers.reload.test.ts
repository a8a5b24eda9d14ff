/** Tokens of a caller that change while the service runs, over the whole service. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_KEY, startSimulator } from '../loadtest/simulator/server.ts';
import { postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { startService } from './testing/service-process.ts';

const OLD = 'token-of-search-0123456789abcdef';
const NEW = 'new-token-of-search-0123456789ab';

test('callers: tokens in a file are accepted and refused as the file changes, without a restart', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  const path = join(folder, 'search');
  const write = (...tokens: string[]) => {
    const next = join(folder, 'next');
    writeFileSync(
      next,
      JSON.stringify(Object.fromEntries(tokens.map((text, i) => [`t${i}`, text]))),
    );
    renameSync(next, path);
  };
  write(OLD);
  const simulator = await startSimulator();
  const service = await startService({
    CLAUDE_API_KEY: DEFAULT_KEY,
    CLAUDE_BASE_URL: simulator.url,
    OTEL_TRACES_EXPORTER: 'none',
    CALLERS: JSON.stringify([{ name: 'search', tokens: `file:${path}` }]),
  });
  t.after(async () => {
    await service.stop();
    await simulator.close();
    rmSync(folder, { recursive: true });
  });
  const statusOf = async (token: string) =>
    (await postJson(`${service.url}/v1/messages`, ASK, { 'x-api-key': token })).status;
  assert.deepEqual([await statusOf(OLD), await statusOf(NEW)], [200, 401]);
  write(OLD, NEW);
  await eventually(async () => (await statusOf(NEW)) === 200);
  assert.equal(await statusOf(OLD), 200);
  write(NEW);
  await eventually(async () => (await statusOf(OLD)) === 401);
  // A file that cannot be read leaves the last good tokens.
  rmSync(path);
  await service.line(({ msg }) => msg === 'keys could not be read');
  assert.equal(await statusOf(NEW), 200);
  assert(!JSON.stringify(service.lines).includes(NEW));
});
