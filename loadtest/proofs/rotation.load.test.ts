/** Proves under load that keys may rotate and be revoked without one failed call. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent } from 'undici';
import { eventually } from '../../app/testing/poll.ts';
import { callOnce } from '../lib/call-once.ts';
import { closedLoop } from '../lib/load.ts';
import {
  SETTINGS,
  type ServiceUnderTest,
  startServiceUnderTest,
} from '../lib/service-under-test.ts';

const CALLS = 10_000;
const CONCURRENCY = 40;
const KEYS = ['sk-rotated-one', 'sk-rotated-two', 'sk-rotated-three', 'sk-rotated-four'] as const;
const [ONE, TWO, THREE, FOUR] = KEYS;

describe('keys in a file', { concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'rotation-'));
  const path = join(folder, 'claude');
  const agent = new Agent({ connections: CONCURRENCY });
  let subject: ServiceUnderTest;

  /** Replaces the file in one step, as Kubernetes does with mounted secrets. */
  const write = (keys: string) => {
    writeFileSync(`${path}-new`, keys);
    renameSync(`${path}-new`, path);
  };
  const ready = async () => (await fetch(`${subject.service.url}/readyz`)).status === 200;
  const metrics = async () => (await fetch(subject.service.metricsUrl)).text();

  before(async () => {
    subject = await startServiceUnderTest(
      (url) => ({
        CLAUDE_KEYS: `file:${path}`,
        CLAUDE_BASE_URL: url,
        CLAUDE_UPSTREAM_NAME: 'up',
        ...SETTINGS.rotation,
      }),
      { keys: KEYS },
    );
  });
  after(async () => {
    await agent.destroy();
    await subject.stop();
    rmSync(folder, { recursive: true });
  });

  test('a missing key file makes the service not ready, a new one makes it ready', async () => {
    const { service } = subject;
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
    const { simulator, service } = subject;
    const steps: [fromShare: number, step: () => void][] = [
      [0.2, () => write(TWO)],
      [0.3, () => simulator.setKeys([TWO, THREE, FOUR])],
      [0.4, () => write('half of a file that is being written')],
      [0.5, () => write(JSON.stringify({ blue: THREE, green: FOUR }))],
      // The source does not announce this: calls that meet the revoked key must take the other one.
      [0.7, () => simulator.setKeys([FOUR])],
    ];
    const ends = await closedLoop({ calls: CALLS, concurrency: CONCURRENCY }, (n) => {
      if (steps[0] && n >= steps[0][0] * CALLS) steps.shift()?.[1]();
      return callOnce(service.url, n % 2 === 0, agent);
    });
    const failures = ends.filter(({ ok }) => !ok).map(({ ending }) => ending);
    assert.deepEqual(failures.slice(0, 3), []);
    assert.equal(steps.length, 0, 'every step was taken');
    const text = await metrics();
    assert.match(text, /claude_api_key_rotations_total\{upstream="up",caller="shared"\} 3/);
    assert.match(text, /claude_api_key_source_failures_total\{[^}]*reason="malformed"\} [1-9]/);
    assert.match(text, /key_state\{upstream="up",caller="shared",key="blue",state="rejected"\} 1/);
    assert.match(text, /key_state\{upstream="up",caller="shared",key="green",state="active"\} 1/);
    const rejected = service.lines.filter(({ msg }) => msg === 'API key rejected, trying another');
    t.diagnostic(`${rejected.length} calls met a revoked key and took another`);
    for (const key of KEYS)
      assert(!text.includes(key) && !JSON.stringify(service.lines).includes(key));
  });

  test('metrics show the current keys and none that were removed', async () => {
    const shown = (text: string) =>
      [...text.matchAll(/claude_api_key_state\{[^}]*key="([^"]+)",state="active"\}/g)].map(
        ([, alias]) => alias,
      );
    for (let i = 0; i < 20; i++) {
      write(JSON.stringify({ [`dated-${i}`]: FOUR }));
      const active = await eventually(async () => {
        const aliases = shown(await metrics());
        return aliases.includes(`dated-${i}`) && aliases;
      });
      assert.deepEqual(
        active.filter((alias) => !alias?.endsWith('-old')),
        [`dated-${i}`],
      );
    }
  });

  test('a new key is used within ten seconds of the change of its file', async (t) => {
    const { simulator, service } = subject;
    simulator.setKeys([ONE, FOUR]);
    write(ONE);
    const changedMs = performance.now();
    await eventually(async () => {
      await callOnce(service.url, false, agent);
      return simulator.requests().at(-1)?.headers['x-api-key'] === 'sk-…one';
    });
    t.diagnostic(`used after ${(performance.now() - changedMs).toFixed(0)} ms`);
  });
});
