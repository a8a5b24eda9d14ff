/** Keys change in their source and are revoked under load: no call may fail. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent } from 'undici';
import { type ServiceProcess, startService } from '../../app/testing/service-process.ts';
import { callOnce } from '../lib/call-once.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';

const CALLS = 10_000;
const CALLERS = 40;
const KEYS = ['sk-rotated-one', 'sk-rotated-two', 'sk-rotated-three', 'sk-rotated-four'] as const;
const [ONE, TWO, THREE, FOUR] = KEYS;

describe('keys in a file', { concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'rotation-'));
  const path = join(folder, 'claude');
  const agent = new Agent({ connections: CALLERS });
  let simulator: Simulator;
  let service: ServiceProcess;

  /** As secrets are mounted: the new file is put in place of the old one. */
  const write = (keys: string) => {
    writeFileSync(`${path}-new`, keys);
    renameSync(`${path}-new`, path);
  };
  const ready = async () => (await fetch(`${service.url}/readyz`)).status === 200;
  const metrics = async () => (await fetch(service.metricsUrl)).text();

  before(async () => {
    simulator = await startSimulator({ keys: KEYS });
    service = await startService({
      CLAUDE_KEYS: `file:${path}`,
      CLAUDE_BASE_URL: simulator.url,
      CLAUDE_UPSTREAM_NAME: 'up',
      OTEL_TRACES_EXPORTER: 'none',
      KEY_POLL_MS: '60000',
    });
  });
  after(async () => {
    await agent.destroy();
    assert.equal(await service.stop(), 0);
    await simulator.close();
    rmSync(folder, { recursive: true });
  });

  test('without its source the service is alive, not ready, and says why; with it, it is', async () => {
    assert.equal(await ready(), false);
    const line = await service.line(({ msg }) => msg === 'keys could not be read');
    assert.equal(line['reason'], 'not_found');
    assert.match(await metrics(), /claude_api_key_source_up\{upstream="up",caller="shared"\} 0/);
    write(ONE);
    await service.line(({ msg }) => msg === 'keys can be read again');
    assert.equal(await ready(), true);
    assert.match(await metrics(), /claude_api_key_source_up\{upstream="up",caller="shared"\} 1/);
  });

  test('10,000 calls while keys rotate and old ones are revoked: none fails', async (t) => {
    let changedMs = 0;
    const steps: readonly [from: number, step: () => void][] = [
      [0.2, () => write(TWO)],
      [0.3, () => simulator.setKeys([TWO, THREE, FOUR])],
      [0.4, () => write('half of a file that is being written')],
      [0.5, () => write(JSON.stringify({ blue: THREE, green: FOUR }))],
      // Without a word: what is under way with it must go on with the other.
      [0.7, () => simulator.setKeys([FOUR])],
    ];
    const waiting = [...steps];
    const bad: string[] = [];
    let begun = 0;
    const caller = async () => {
      while (begun < CALLS) {
        begun += 1;
        if (waiting[0] && begun >= waiting[0][0] * CALLS) {
          changedMs = performance.now();
          waiting.shift()?.[1]();
        }
        const { good, what } = await callOnce(service.url, begun % 2 === 0, agent);
        if (!good) bad.push(what);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    assert.deepEqual(bad, []);
    assert(changedMs > 0);
    const text = await metrics();
    assert.match(text, /claude_api_key_rotations_total\{upstream="up",caller="shared"\} 3/);
    assert.match(text, /claude_api_key_source_failures_total\{[^}]*reason="malformed"\} [1-9]/);
    assert.match(text, /key_state\{upstream="up",caller="shared",key="blue",state="refused"\} 1/);
    assert.match(text, /key_state\{upstream="up",caller="shared",key="green",state="active"\} 1/);
    const left = service.lines.filter(({ msg }) => msg === 'a key is out, another is tried');
    t.diagnostic(`${left.length} calls met a revoked key and went on with another`);
    for (const key of KEYS)
      assert(!text.includes(key) && !JSON.stringify(service.lines).includes(key));
  });

  test('metrics show the keys that are, and none that were', async () => {
    const shown = (text: string) =>
      [...text.matchAll(/claude_api_key_state\{[^}]*key="([^"]+)",state="active"\}/g)].map(
        ([, alias]) => alias,
      );
    for (let i = 0; i < 20; i++) {
      write(JSON.stringify({ [`dated-${i}`]: FOUR }));
      const limitMs = performance.now() + 10_000;
      let seen: (string | undefined)[] = [];
      while (!seen.includes(`dated-${i}`) && performance.now() < limitMs) {
        seen = shown(await metrics());
      }
      assert.deepEqual(
        seen.filter((alias) => !alias?.endsWith('-old')),
        [`dated-${i}`],
      );
    }
  });

  test('from the change to its use', async (t) => {
    simulator.setKeys([ONE, FOUR]);
    write(ONE);
    const changedMs = performance.now();
    const uses = () => simulator.requests().at(-1)?.headers['x-api-key'] === 'sk-…one';
    do await callOnce(service.url, false, agent);
    while (!uses() && performance.now() - changedMs < 10_000);
    const ms = performance.now() - changedMs;
    t.diagnostic(`${ms.toFixed(0)} ms`);
    assert(uses(), 'the new key was not used');
  });
});
