/** What arrives at a receiver of remote write, decoded by the protocol's own definition. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import protobuf from 'protobufjs';
import { uncompress } from 'snappyjs';
import type { Observation } from '../calls/kinds.ts';
import type { Phase } from '../scenarios/scenario.ts';
import { RemoteWrite } from './remote-write.ts';
import { Tally } from './tally.ts';

/** Of https://github.com/prometheus/prometheus/tree/main/prompb, where a value is a double. */
const WriteRequest = protobuf
  .parse(
    `syntax = "proto3";
    message WriteRequest { repeated TimeSeries timeseries = 1; }
    message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
    message Label { string name = 1; string value = 2; }
    message Sample { double value = 1; int64 timestamp = 2; }`,
  )
  .root.lookupType('WriteRequest');

interface Received {
  /** `name{label="value"}` and its value. */
  readonly series: ReadonlyMap<string, number>;
  readonly unixMs: number;
  readonly bytes: Buffer;
  readonly headers: NodeJS.Dict<string | string[]>;
}

interface TimeSeries {
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly samples: readonly { readonly value: number; readonly timestamp: number }[];
}

function decode(bytes: Buffer): Pick<Received, 'series' | 'unixMs'> {
  const message = WriteRequest.toObject(WriteRequest.decode(bytes), { longs: Number });
  const all = message['timeseries'] as TimeSeries[];
  const series = all.map(({ labels, samples }): [string, number] => {
    const names = labels.map(({ name }) => name);
    assert.deepEqual(names, names.toSorted(), 'labels are sorted');
    const [name, ...others] = labels.map(({ name, value }) =>
      name === '__name__' ? value : `${name}="${value}"`,
    );
    return [others.length > 0 ? `${name}{${others}}` : `${name}`, samples[0]?.value ?? 0];
  });
  return { series: new Map(series), unixMs: all[0]?.samples[0]?.timestamp ?? 0 };
}

async function startReceiver(t: TestContext, status = 204) {
  const received: Received[] = [];
  const server = createServer(async (req, res) => {
    const bytes = uncompress(await buffer(req));
    received.push({ ...decode(bytes), bytes, headers: req.headers });
    res.writeHead(status).end(status === 204 ? undefined : 'remote write is off\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const warnings: string[] = [];
  const url = `http://127.0.0.1:${port}/api/v1/write`;
  const writer = new RemoteWrite({ url, warn: (line) => warnings.push(line) });
  return { received, warnings, writer, close: () => server.close() };
}

const PHASE: Phase = {
  name: 'load',
  startS: 0,
  fromPerSecond: 1,
  maxInFlight: 40,
  counted: true,
  stages: [{ seconds: 1, perSecond: 1 }],
  models: [],
  calls: [{ kind: 'complete', weight: 1 }],
};
const GOOD: Observation = {
  verdict: { ok: true },
  answered: true,
  correlated: true,
  durationMs: 250,
  overheadMs: 2,
};

function tallyOfOne(): Tally {
  const tally = new Tally([PHASE]);
  tally.begun(PHASE, 'complete', 3);
  tally.answered(PHASE, 'complete', 200, 250);
  tally.ended(PHASE, 'complete', GOOD);
  return tally;
}

test('RemoteWrite: writes the series that k6 would, times in seconds', async (t) => {
  const { received, writer, warnings } = await startReceiver(t);
  const sinceMs = Date.now();
  await writer.write(tallyOfOne().cells);
  assert.deepEqual(warnings, []);
  const [{ series, headers, unixMs } = assert.fail()] = received;
  assert.equal(headers['content-encoding'], 'snappy');
  assert.equal(headers['content-type'], 'application/x-protobuf');
  assert(unixMs >= sinceMs && unixMs <= Date.now());
  const tags = 'call_type="complete",scenario="load"';
  for (const [name, value] of Object.entries({
    [`k6_claude_calls_total{${tags}}`]: 1,
    [`k6_claude_call_success_rate{${tags}}`]: 1,
    [`k6_claude_call_duration_ms_p99{${tags}}`]: 0.25,
    [`k6_claude_call_duration_ms_med{${tags}}`]: 0.25,
    [`k6_claude_driver_lag_ms_p90{${tags}}`]: 0.003,
    [`k6_http_reqs_total{${tags},status="200"}`]: 1,
    [`k6_http_req_duration_p99{${tags},status="200"}`]: 0.25,
    'k6_dropped_iterations_total{scenario="load"}': 0,
    'k6_iterations_total{scenario="load"}': 1,
    k6_vus: 0,
    k6_vus_max: 40,
  })) {
    assert.equal(series.get(name), value, name);
  }
});

test('RemoteWrite: at the end each series gets its last value, and then the staleness marker', async (t) => {
  const { received, writer } = await startReceiver(t);
  await writer.end(tallyOfOne().cells);
  const [last, stale] = received;
  assert(last && stale);
  assert.deepEqual([...stale.series.keys()], [...last.series.keys()]);
  assert(stale.unixMs > last.unixMs);
  // The one NaN, little-endian, that Prometheus takes as the end of a series; a double of JavaScript has lost its bits.
  const marker = Buffer.from([0x09, 0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f]);
  const count = stale.bytes.toString('latin1').split(marker.toString('latin1')).length - 1;
  assert.equal(count, stale.series.size);
});

test('RemoteWrite: a Prometheus that refuses is told of once', async (t) => {
  const { writer, warnings, received } = await startReceiver(t, 404);
  for (let n = 0; n < 3; n++) await writer.write(tallyOfOne().cells);
  assert.equal(received.length, 3);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /Prometheus does not take the results.*404 remote write is off/);
});

test('RemoteWrite: a Prometheus that is away is told of once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const warnings: string[] = [];
  const url = `http://127.0.0.1:${port}/api/v1/write`;
  const writer = new RemoteWrite({ url, warn: (line) => warnings.push(line) });
  await writer.write(tallyOfOne().cells);
  await writer.end(tallyOfOne().cells);
  assert.match(warnings.join('\n'), /^Prometheus does not take the results.*ECONNREFUSED.*$/);
});
