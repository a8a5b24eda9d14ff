/**
 * What `/metrics` and the log say of recorded answers is what was worked out by hand: the table in docs/cost.md is
 * the expectation. The answers have the shapes of the API, and a real server sends them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { eventually } from './testing/poll.ts';
import { type Scrape, scrape } from './testing/samples.ts';
import { type ServiceProcess, startService } from './testing/service-process.ts';

const ANSWERS = new URL('./testing/recorded-answers/', import.meta.url);
const TYPES = [
  'input',
  'output',
  'thinking',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'output_estimated',
];

/** One line of the table: what one model of an answer used and cost. */
interface Row {
  readonly answer: string;
  readonly model: string;
  /** Only what is not 0. */
  readonly tokens: Readonly<Record<string, number>>;
  /** `unpriced` is NaN. */
  readonly dollars: number;
}

function rowsOfDocs(): readonly Row[] {
  const page = readFileSync(new URL('../docs/cost.md', import.meta.url), 'utf8');
  const lines = page.split('\n').filter((line) => /^\| `[\w-]+\.(?:json|sse|jsonl)` /.test(line));
  return lines.map((line) => {
    const [answer = '', model = '', ...cells] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll(/[`,$]/g, '').trim());
    const numbers = cells.map((cell) => (cell === '' ? 0 : Number(cell)));
    const tokens = TYPES.map((type, i) => [type, numbers[i] ?? 0] as const);
    return {
      answer,
      model,
      tokens: Object.fromEntries(tokens.filter(([, n]) => n > 0)),
      dollars: numbers[TYPES.length] ?? Number.NaN,
    };
  });
}

const ROWS = rowsOfDocs();
const NAMES = [...new Set(ROWS.map(({ answer }) => answer))];
const MODELS = [...new Set(ROWS.map(({ model }) => model))].filter((model) => model !== 'other');

const retried = new Set<string>();

/** Whether this is the first attempt of the call that is made twice. */
function isFirst(name: string): boolean {
  if (name !== 'retried.sse' || retried.has(name)) return false;
  retried.add(name);
  return true;
}

/** Sends the recorded answer that the prompt names; one is left open for its caller to leave. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const isBatch = request.url?.endsWith('/results');
  const { stream, messages } = isBatch ? { messages: [] } : JSON.parse(body);
  const name = isBatch ? 'batch-results.jsonl' : messages[0].content;
  if (name.startsWith('{')) return sendUsage(response, name, stream);
  const recorded = readFileSync(new URL(isFirst(name) ? 'overloaded.sse' : name, ANSWERS));
  const type = name.endsWith('.sse') ? 'text/event-stream' : 'application/json';
  response.writeHead(200, {
    'content-type': name.endsWith('.jsonl') ? 'application/x-jsonl' : type,
  });
  if (name === 'left.sse') response.write(recorded);
  else response.end(recorded);
}

/** Answers with this `usage`, JSON text; a stream says the same at its start and at its end. */
function sendUsage(response: ServerResponse, usage: string, stream: boolean): void {
  const message = `{"type":"message","model":"claude-opus-5-5","usage":${usage}}`;
  const event = (type: string, data: string) =>
    `event: ${type}\ndata: {"type":"${type}"${data}}\n\n`;
  response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
  response.end(
    stream
      ? event('message_start', `,"message":${message}`) +
          event('message_delta', `,"delta":{},"usage":${usage}`) +
          event('message_stop', '')
      : message,
  );
}

const MALFORMED: readonly [what: string, usage: string, fields: number, inStream: number][] = [
  ['missing', '{}', 2, 3],
  ['null', '{"input_tokens":null,"output_tokens":null,"cache_creation":null}', 2, 3],
  ['negative', '{"input_tokens":-5,"output_tokens":-1,"cache_read_input_tokens":-2}', 3, 6],
  ['strings', '{"input_tokens":"5","output_tokens":"NaN","server_tool_use":"1"}', 3, 6],
  ['huge', '{"input_tokens":1e400,"output_tokens":9e15,"cache_read_input_tokens":1e309}', 3, 6],
  ['nested in the wrong way', '{"input_tokens":{},"output_tokens":[1],"iterations":{}}', 3, 6],
];

/** Dollars without the noise of sums of binary fractions. */
const rounded = (dollars: number) => Math.round(dollars * 1e9) / 1e9;

describe('cost of recorded answers', { concurrency: false }, () => {
  const upstream = createServer((request, response) => void answer(request, response));
  let service: ServiceProcess;
  let calls = 0;
  before(async () => {
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo;
    service = await startService({
      CLAUDE_API_KEY: 'a-key-of-the-tests',
      CLAUDE_BASE_URL: `http://127.0.0.1:${port}`,
      CLAUDE_MODELS: MODELS.join(),
      OTEL_TRACES_EXPORTER: 'none',
      RETRY_MAX: '1',
    });
  });
  after(async () => {
    upstream.closeAllConnections();
    upstream.close();
    assert.equal(await service.stop(), 0);
  });

  const settled = () =>
    eventually(async () => {
      const now = await scrape(service.metricsUrl);
      return now.sum('claude_api_requests_total') === calls && now;
    });

  const lastLine = () =>
    eventually(() => {
      const lines = service.lines.filter(({ msg }) => msg === 'call');
      return lines.length === calls && lines.at(-1);
    });

  async function ask(name: string, model: string, stream = name.endsWith('.sse')) {
    calls += 1;
    if (name === 'batch-results.jsonl') {
      const url = `${service.url}/v1/messages/batches/msgbatch_01/results`;
      await (await fetch(url)).text();
      return;
    }
    const controller = new AbortController();
    const response = await fetch(`${service.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        max_tokens: 4_096,
        stream,
        messages: [{ role: 'user', content: name }],
      }),
      signal: controller.signal,
    });
    if (name !== 'left.sse') {
      await response.text();
      return;
    }
    let seen = '';
    for await (const chunk of response.body ?? []) {
      seen += Buffer.from(chunk).toString();
      if (seen.split('event: content_block_delta').length > 10) break;
    }
    controller.abort();
  }

  const of = (now: Scrape, before: Scrape, model: string) => {
    const types = now.by('type', 'claude_api_tokens_total', { model });
    const earlier = before.by('type', 'claude_api_tokens_total', { model });
    const more = Object.entries(types).map(
      ([type, n]) => [type, n - (earlier[type] ?? 0)] as const,
    );
    const dollars = (scraped: Scrape) => scraped.sum('claude_api_cost_dollars_total', { model });
    const unpriced = (scraped: Scrape) => scraped.sum('claude_api_unpriced_calls_total', { model });
    return {
      tokens: Object.fromEntries(more.filter(([, n]) => n !== 0)),
      dollars: rounded(dollars(now) - dollars(before)),
      unpriced: unpriced(now) - unpriced(before),
    };
  };

  for (const name of NAMES) {
    const rows = ROWS.filter(({ answer }) => answer === name);
    test(`cost: tokens and dollars of ${name} are those of the table`, async () => {
      const before = await settled();
      await ask(name, rows[0]?.model === 'other' ? 'claude-opus-9' : (rows[0]?.model ?? ''));
      const now = await settled();
      for (const { model, tokens, dollars } of rows) {
        const isUnpriced = Number.isNaN(dollars);
        const expected = {
          tokens,
          dollars: isUnpriced ? 0 : dollars,
          unpriced: isUnpriced ? 1 : 0,
        };
        assert.deepEqual(of(now, before, model), expected, model);
      }
      const sum = rows.reduce((all, { dollars }) => all + dollars, 0);
      const { cost_dollars, unpriced } = await lastLine();
      if (Number.isNaN(sum)) assert.deepEqual([unpriced, cost_dollars], [true, undefined]);
      else assert.deepEqual([unpriced, rounded(Number(cost_dollars))], [undefined, rounded(sum)]);
    });
  }

  test('cost: results of a batch that are downloaded again cost nothing again', async () => {
    const before = await settled();
    await ask('batch-results.jsonl', '');
    const now = await settled();
    for (const name of ['claude_api_tokens_total', 'claude_api_cost_dollars_total']) {
      assert.equal(now.sum(name), before.sum(name), name);
    }
  });

  test('cost: all of it together is the sum of the table, by caller too, and nothing was malformed', async () => {
    const now = await settled();
    const sum = ROWS.reduce((all, { dollars }) => all + (Number.isNaN(dollars) ? 0 : dollars), 0);
    assert.equal(
      rounded(now.sum('claude_api_cost_dollars_total', { caller: 'anybody' })),
      rounded(sum),
    );
    assert.equal(now.sum('claude_api_malformed_usage_total'), 0);
    const tokens = now.by('type', 'claude_api_tokens_total');
    assert.deepEqual(now.by('type', 'claude_api_caller_tokens_total'), tokens);
    const age = now.sum('claude_api_price_table_age_seconds');
    assert(age >= 0 && Number.isFinite(age));
  });

  for (const [what, usage, fields, inStream] of MALFORMED) {
    test(`cost: usage fields that are ${what} count as malformed, and are no tokens, dollars or NaN`, async () => {
      for (const stream of [false, true]) {
        const before = await settled();
        await ask(usage, 'claude-opus-5-5', stream);
        const now = await settled();
        const malformed = 'claude_api_malformed_usage_total';
        assert.equal(now.sum(malformed) - before.sum(malformed), stream ? inStream : fields);
        for (const name of ['tokens_total', 'cost_dollars_total', 'unpriced_calls_total']) {
          assert.equal(now.sum(`claude_api_${name}`), before.sum(`claude_api_${name}`), name);
        }
        const odd = now.samples.filter(({ value }) => !Number.isFinite(value) || value < 0);
        assert.deepEqual(odd, []);
      }
    });
  }
});
