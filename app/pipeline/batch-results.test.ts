import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type UsageReport, usageOf } from '../anthropic/usage.ts';
import { unrecordedCall } from '../telemetry/recorder.ts';
import { anUpstream, aRequest } from '../testing/fakes.ts';
import { BatchResults, MAX_BATCHES } from './batch-results.ts';

const line = (input_tokens: number) =>
  `${JSON.stringify({
    custom_id: 'a',
    result: {
      type: 'succeeded',
      message: { model: 'm', usage: { input_tokens, output_tokens: 1 } },
    },
  })}\n`;

/** A download of a batch's results: feed it texts, and see what was reported. */
function download(results: BatchResults, id = 'one', upstream = 'up') {
  const reports: UsageReport[] = [];
  const url = `/v1/messages/batches/${id}/results`;
  const call = {
    ...unrecordedCall,
    recordUsage: (report: UsageReport) => void reports.push(report),
  };
  const read = results.reader(aRequest({ url, call, upstream: anUpstream({ name: upstream }) }));
  return {
    feed: (text: string) => read({ raw: Buffer.from(text), type: 'lines', data: '' }),
    inputs: () => reports.map((report) => usageOf(report)?.inputTokens),
    reports,
  };
}

test('BatchResults: each line counts once, at half price, however often the list is downloaded', () => {
  const results = new BatchResults();
  const first = download(results);
  first.feed(line(1) + line(2));
  first.feed(line(3));
  assert.deepEqual(first.inputs(), [1, 2, 3]);
  assert(first.reports.every(({ charges }) => charges[0]?.batch));
  const again = download(results);
  again.feed(line(1) + line(2) + line(3));
  assert.deepEqual(again.inputs(), []);
});

test('BatchResults: the rest of a download that broke off counts with the next one', () => {
  const results = new BatchResults();
  download(results).feed(line(1));
  const next = download(results);
  next.feed(line(1) + line(2));
  assert.deepEqual(next.inputs(), [2]);
});

test('BatchResults: of two downloads at once each line counts for one of them', () => {
  const results = new BatchResults();
  const [one, other] = [download(results), download(results)];
  one.feed(line(1));
  other.feed(line(1) + line(2));
  one.feed(line(2) + line(3));
  assert.deepEqual([one.inputs(), other.inputs()], [[1, 3], [2]]);
});

test('BatchResults: another batch, and one of the same name at another upstream, is another', () => {
  const results = new BatchResults();
  for (const [id, upstream] of [
    ['one', 'up'],
    ['two', 'up'],
    ['one', 'elsewhere'],
  ] as const) {
    const { feed, inputs } = download(results, id, upstream);
    feed(line(7));
    assert.deepEqual(inputs(), [7]);
  }
});

test('BatchResults: 10,000 batches are remembered, and the next one is remembered in place of the first', () => {
  assert.equal(MAX_BATCHES, 10_000);
  const results = new BatchResults();
  const count = (id: string) => {
    const { feed, inputs } = download(results, id);
    feed(line(7));
    return inputs();
  };
  for (let i = 1; i <= MAX_BATCHES; i++) count(`b${i}`);
  for (const id of ['b1', 'b2', `b${MAX_BATCHES}`]) assert.deepEqual(count(id), [], id);
  assert.deepEqual(count('new'), [7]);
  for (const id of ['b2', `b${MAX_BATCHES}`, 'new']) assert.deepEqual(count(id), [], id);
  assert.deepEqual(count('b1'), [7], 'the first is forgotten and counts again');
  assert.deepEqual(count('b2'), [7], 'which has cost the second its place');
});

test('BatchResults: items without an answer are not billed, and what cannot be read is malformed', () => {
  const { feed, reports } = download(new BatchResults());
  for (const type of ['errored', 'expired', 'canceled']) feed(`{"result":{"type":"${type}"}}\n`);
  assert.deepEqual(reports, []);
  const odd = ['{', 'null', '{"result":7}', '{"result":{"type":"succeeded"}}'];
  feed(odd.join('\n'));
  assert.deepEqual(
    reports,
    odd.map(() => ({ charges: [], malformed: 1 })),
  );
});
