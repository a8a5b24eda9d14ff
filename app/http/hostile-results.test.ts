/** Lists of results that never come to a result, or to an end: none may hold a slot for ever. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { listen } from '../testing/http.ts';
import { scrape } from '../testing/samples.ts';
import { type ServiceProcess, startService } from '../testing/service-process.ts';

const RESULT = '{"custom_id":"a","result":{"type":"expired"}}\n';
const FIRST_RESULT_MS = 2_000;
const SILENCE_MS = 500;
/** Longer than any test waits. */
const NEVER_MS = 600_000;

/** Sends the piece every few milliseconds for as long as somebody reads. */
function drip(response: ServerResponse, piece: string): void {
  const timer = setInterval(() => response.write(piece), 5);
  response.once('close', () => clearInterval(timer));
}

/** Sends the piece as fast as it is read. */
function flood(response: ServerResponse, piece: string): void {
  const chunk = Buffer.from(piece.repeat(64 * 1024));
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

type End = 'silence' | 'size';
type Way = readonly [goOn: (response: ServerResponse) => void, end: End];

/**
 * A service of one slot before an upstream whose first list begins with `first` and goes on as the way says. What
 * ends for its size has no other limit.
 */
async function serviceOf(t: TestContext, first: string, [goOn, end]: Way) {
  let asked = 0;
  const answer: RequestListener = (_request, response) => {
    asked += 1;
    response.writeHead(200, { 'content-type': 'application/x-jsonl' });
    if (asked > 1) return void response.end(RESULT);
    response.flushHeaders();
    if (first !== '') response.write(first);
    goOn(response);
  };
  const service = await startService(
    {
      CLAUDE_API_KEY: 'a-key-of-nobody',
      CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, createServer(answer))}`,
      OTEL_TRACES_EXPORTER: 'none',
      FIRST_EVENT_TIMEOUT_MS: String(end === 'silence' ? FIRST_RESULT_MS : NEVER_MS),
      RETRY_MAX: '0',
      ADMISSION_LIMIT: '1',
    },
    { stream: { silenceMs: end === 'silence' ? SILENCE_MS : NEVER_MS } },
  );
  t.after(() => service.stop());
  return service;
}

const results = ({ url }: ServiceProcess) => fetch(`${url}/v1/messages/batches/b/results`);

/** The next caller gets the only slot, and a list of their own. */
async function assertSlotIsFree(service: ServiceProcess): Promise<void> {
  const next = await results(service);
  assert.deepEqual([next.status, await next.text()], [200, RESULT]);
}

const WAYS: Readonly<Record<string, Way>> = {
  'a line that drips and never ends': [(response) => drip(response, 'x'), 'silence'],
  'empty lines that drip': [(response) => drip(response, '\n'), 'silence'],
  nothing: [() => {}, 'silence'],
  'a line that floods and never ends': [(response) => flood(response, 'x'), 'size'],
  'millions of empty lines': [(response) => flood(response, '\n'), 'size'],
};

const BEFORE: Readonly<Record<End, readonly [status: number, message: string]>> = {
  silence: [504, `no result from the upstream within ${FIRST_RESULT_MS} ms`],
  size: [502, 'the upstream sent 8 MiB of results without the end of one'],
};
const OUTCOMES: Readonly<Record<End, string>> = { silence: 'timeout', size: 'upstream_error' };

describe('results that never come', { concurrency: 2 }, () => {
  for (const [what, way] of Object.entries(WAYS)) {
    const [, end] = way;
    test(`batches: ${what} in place of the first result is an error that says so, and frees the slot`, async (t) => {
      const service = await serviceOf(t, '', way);
      const response = await results(service);
      const { error } = (await response.json()) as { error: { message: string } };
      assert.deepEqual([response.status, error.message], BEFORE[end]);
      await assertSlotIsFree(service);
    });

    test(`batches: ${what} after a result breaks the list off, and frees the slot`, async (t) => {
      const service = await serviceOf(t, RESULT, way);
      const response = await results(service);
      assert.equal(response.status, 200);
      let received = '';
      const read = async () => {
        for await (const chunk of response.body ?? []) received += Buffer.from(chunk).toString();
      };
      await assert.rejects(read());
      assert.equal(received.trim(), RESULT.trim());
      const { outcome } = await service.line(({ msg }) => msg === 'call');
      assert.equal(outcome, OUTCOMES[end]);
      await assertSlotIsFree(service);
      const now = await scrape(service.metricsUrl);
      assert.equal(now.sum('claude_api_malformed_usage_total'), 0, 'empty lines are no results');
    });
  }
});
