/** Each thing that the fuzzer promises to find is found when it is there, and a good round is good. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scrape } from '../../app/testing/samples.ts';
import type { LogLine } from '../../app/testing/service-process.ts';
import type { Case } from './case.ts';
import { judge } from './judge.ts';
import { ledgerProblems } from './ledger.ts';
import { SECRETS } from './texts.ts';

const PLAYED: Case = {
  name: 'a case',
  steps: [],
  requests: [{ method: 'GET', id: 'a' }],
  tail: 'nothing',
  leaves: false,
};
const ERROR = '{"type":"error","error":{"type":"api_error","message":"m"}}';

function answer(status: number, body: string, type = 'application/json'): string {
  return `HTTP/1.1 ${status} X\r\nx-correlation-id: a\r\nx-content-type-options: nosniff\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function problems(text: string, changed: Partial<Case> = {}, isClosed = true): string {
  const seen = { bytes: Buffer.from(text), isClosed };
  return judge({ ...PLAYED, ...changed }, seen).problems.join('; ');
}

test('judge: one good answer to one request is in order, and so is an error of the API', () => {
  assert.equal(problems(answer(200, '{}')), '');
  assert.equal(problems(answer(400, ERROR)), '');
});

const FOUND: readonly [what: string, text: string, says: RegExp, changed?: Partial<Case>][] = [
  ['no answer', '', /^0 answers to 1/],
  ['two answers', answer(200, '{}').repeat(2), /^2 answers to 1/],
  [
    'no refusal where one is due',
    answer(200, '{}'),
    /^1 answers to 1 .* refused/,
    { tail: 'refused' },
  ],
  [
    'a 200 to what is no HTTP',
    answer(200, '{}').repeat(2),
    /no HTTP was answered 200/,
    { tail: 'refused' },
  ],
  ['an error that is a page', answer(502, '<html>', 'text/html'), /is text\/html and not JSON/],
  ['an error that only says it is JSON', answer(502, '<html>'), /is not JSON/],
  ['an error of another form', answer(502, '{"message":"m"}'), /no error of the API/],
  [
    'an error without a message',
    answer(502, '{"type":"error","error":{"type":"api_error"}}'),
    /no message/,
  ],
  [
    'a stream that just ends',
    answer(200, 'event: ping\ndata: {}\n\n', 'text/event-stream'),
    /without saying how/,
  ],
  ['our key', answer(400, ERROR.replace('"m"', `"${SECRETS.key}"`)), /has the key/],
  [
    'an error of no type of the API',
    answer(400, ERROR.replace('api_', 'odd_')),
    /no type of the API/,
  ],
  ['a good answer that is a page', answer(200, '{}', 'text/html'), /a 200 is text\/html/],
  [
    'a connection that ends after a good answer, with requests left',
    answer(200, '{}').replace('\r\n', '\r\nconnection: close\r\n'),
    /^1 answers to 2/,
    { requests: [{ method: 'GET' }, { method: 'GET' }] },
  ],
  [
    'an answer without a correlation ID',
    answer(200, '{}').replace('x-correlation-id: a\r\n', ''),
    /no correlation ID/,
  ],
];
for (const [what, text, says, changed] of FOUND) {
  test(`judge: ${what} is a problem`, () => {
    assert.match(problems(text, changed), says);
  });
}

test('judge: a type of error that the upstream has made up may be passed on', () => {
  assert.equal(problems(answer(400, ERROR.replace('api_', 'odd_')), { hasOwnErrors: true }), '');
});

test('judge: a connection that stays open is a problem', () => {
  assert.match(problems(answer(200, '{}'), {}, false), /stayed open/);
});

const LINES: readonly LogLine[] = [
  { msg: 'call', correlation_id: 'a' },
  { msg: 'request', correlation_id: 'a', route: '/v1/models', status: 200 },
];

function ledger(lines: readonly LogLine[], calls: number, refused = 0): string {
  const verdict = judge(PLAYED, { bytes: Buffer.from(answer(200, '{}')), isClosed: true });
  const after = `claude_api_requests_total ${calls}\nclaude_http_refused_requests_total ${refused}\n`;
  const round = { cases: [{ played: PLAYED, verdict }], lines };
  return ledgerProblems({ ...round, before: new Scrape(''), after: new Scrape(after) }).join('; ');
}

test('ledger: a call that is logged, and counted once, is in order', () => {
  assert.equal(ledger(LINES, 1), '');
});

test('ledger: what is counted twice or not at all, or logged otherwise than answered, is a problem', () => {
  assert.match(ledger(LINES, 2), /^2 calls were counted/);
  assert.match(ledger(LINES, 0), /^0 calls were counted/);
  assert.match(ledger([...LINES, ...LINES.slice(1)], 1), /2 access lines/);
  assert.match(ledger(LINES.slice(0, 1), 1), /0 access lines/);
  assert.match(ledger([...LINES.slice(0, 1), { ...LINES[1], status: 499 }], 1), /logged as 499/);
  assert.match(ledger(LINES, 1, 1), /^1 refused requests were counted, where 0 to 0/);
});
