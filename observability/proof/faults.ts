/** What goes wrong in the proof of life, and the panels and rules that must show it. */
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { ANSWERS } from './answers.ts';
import { call, calls, during } from './calls.ts';
import type { Fault } from './fault.ts';
import { KEYS, QUEUE, TOKENS, type World } from './world.ts';

const KEY_FILE_GONE = 'the file with the key of an upstream is gone';

const UPSTREAMS: readonly Fault[] = [
  {
    name: 'streams are slow, and their callers leave',
    happen: async (world) => {
      const slow = [{ kind: 'slow', delayMs: 700 }] as const;
      await during(world, slow, async () => {
        await calls(world, 3, { stream: true, leaveAfterMs: 300 });
        await calls(world, 3, { stream: true });
      });
    },
    shows: [
      'panel claude-objectives › Until the budget is used up',
      'rule recording.yml › job:claude_first_token:bad_rate5m',
      'rule recording.yml › job:claude_latency:counted_rate5m',
    ],
  },
  {
    name: 'an upstream answers 500',
    happen: (world) =>
      during(world, [{ kind: 'error_500', region: 'east' }], () => calls(world, 25, {})),
    shows: [
      ...['Failed attempts', 'Share of attempts that fail', 'Circuits', 'Failover'].map(
        (title) => `panel claude-calls › ${title}`,
      ),
      'rule documented.yml › HighClaudeErrorRate',
    ],
  },
  {
    name: 'every upstream answers 529 to most calls',
    happen: (world) =>
      during(world, [{ kind: 'overloaded', probability: 0.6 }], () => calls(world, 15, {})),
    shows: ['panel claude-calls › Retries, and why not'],
  },
  {
    name: 'connections are reset',
    happen: (world) => during(world, [{ kind: 'reset' }], () => calls(world, 5, {})),
    shows: ['panel claude-calls › Causes in the network'],
  },
  {
    name: 'streams are cut, and the service sheds calls',
    happen: async (world) => {
      const cut = [{ kind: 'stream_cut', afterChunks: 2 }] as const;
      await during(world, cut, () => calls(world, 5, { stream: true }));
      await during(world, [{ kind: 'slow', delayMs: 400 }], () => calls(world, 60, {}));
    },
    shows: [
      'panel claude-calls › Streams that were cut, and calls shed',
      'panel claude-service › Calls shed',
    ],
  },
];

const OTHERS: readonly Fault[] = [
  {
    name: 'the simulator injects faults',
    happen: (world) => {
      // Left on until the next fault, so that a scrape finds it.
      world.simulator.setFaults([{ kind: 'html', region: 'nowhere' }]);
      return Promise.resolve();
    },
    shows: ['annotation claude-calls › Faults of the simulator'],
  },
  {
    name: 'a key is revoked',
    happen: async (world) => {
      world.simulator.setKeys([KEYS.green, KEYS.west, KEYS.later]);
      await calls(world, 10, {});
      world.simulator.setKeys(Object.values(KEYS));
    },
    shows: ['panel claude-calls › Keys and their states'],
  },
  {
    name: KEY_FILE_GONE,
    happen: ({ keyFile }) => {
      rmSync(keyFile, { force: true });
      return Promise.resolve();
    },
    shows: [
      'panel claude-calls › Key sources that cannot be read',
      'panel claude-calls › Failed reads of key sources',
    ],
  },
  {
    name: 'the file comes back with another key',
    after: KEY_FILE_GONE,
    happen: ({ keyFile }) => {
      const isWest = existsSync(keyFile) && readFileSync(keyFile, 'utf8') === KEYS.west;
      writeFileSync(keyFile, isWest ? KEYS.later : KEYS.west);
      return Promise.resolve();
    },
    shows: ['panel claude-calls › Rotations'],
  },
  {
    name: 'callers make mistakes',
    happen: async (world) => {
      await calls(world, 3, { body: '{"model":"claude-haiku-5-5"}' });
      await calls(world, 3, { token: 'nobody' });
      await calls(world, 3, { token: TOKENS.limited });
      await calls(world, 3, { token: TOKENS.signer });
      await calls(world, 3, { headers: { 'x-correlation-id': 'no id!' } });
    },
    shows: [
      'panel claude-calls › Mistakes of callers',
      'panel claude-service › Callers refused',
      'panel claude-service › Signatures and IDs',
    ],
  },
  {
    name: 'a request is no HTTP',
    happen: async ({ service }) => {
      const socket = connect(Number(new URL(service).port), '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.end('no HTTP at all\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
    },
    shows: ['panel claude-service › Requests refused before a route'],
  },
];

/** Sends log lines to the collector, which may refuse them. */
async function sendLines(otlp: string, count: number): Promise<void> {
  const logRecords = Array.from({ length: count }, () => ({ body: { stringValue: 'a line' } }));
  const response = await fetch(`${otlp}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  });
  await response.text();
}

/** These are there from the start, and stay. */
const LASTING: readonly Fault[] = [
  {
    name: 'a load is made',
    happen: () => Promise.resolve(),
    shows: [
      ...['calls_total', 'call_success_rate', 'call_duration_ms_p99', 'call_overhead_ms_p99'],
      ...['call_first_text_ms_p99', 'call_longest_gap_ms_p99', 'driver_lag_ms_p99'],
    ].map((name) => `k6_claude_${name}`),
  },
  {
    name: 'the backends of the collector do not answer',
    // One line is queued and not delivered; more than the queue holds are lost at once.
    happen: async ({ otlp }) => {
      await sendLines(otlp, 1);
      await sendLines(otlp, 2 * QUEUE);
    },
    shows: [
      ...['spans', 'log_records', 'metric_points'].map((what) => `enqueue_failed_${what}`),
      ...['spans', 'log_records', 'metric_points'].map((what) => `send_failed_${what}`),
      'panel claude-telemetry › Queues',
      'panel claude-telemetry › Spans and lines that the service lost',
    ],
  },
  {
    name: 'an alert fires that pages',
    happen: () => Promise.resolve(),
    shows: [
      'panel claude-objectives › Are users fine?',
      'panel claude-objectives › Firing alerts',
      'annotation claude-objectives › Firing alerts',
      'panel claude-telemetry › Alerts',
    ],
  },
];

/** Those that open circuits come last, as nothing else can be seen until they close. */
export const FAULTS: readonly Fault[] = [...LASTING, ...ANSWERS, ...OTHERS, ...UPSTREAMS];

/** Calls of every kind of which nothing goes wrong. */
export async function goodCalls(world: World): Promise<void> {
  await calls(world, 8, {});
  await calls(world, 8, { stream: true });
  await calls(world, 2, { stream: true, model: 'claude-opus-5-5' });
  await call(world, { path: '/v1/models' });
  await call(world, { token: TOKENS.probe });
  await call(world, { path: '/v1/messages/count_tokens' });
}
