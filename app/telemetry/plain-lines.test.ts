import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Context, context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { Redactor } from '../privacy/redactor.ts';
import { aLongText, keptBytes } from '../testing/heap.ts';
import { encodedForms } from '../testing/secret-forms.ts';
import { setCorrelation } from './correlation.ts';
import { recordingSink } from './log-export.ts';
import type { PlainFields } from './log-sink.ts';
import { createLogger } from './logger.ts';
import { disabledTelemetry } from './sdk.ts';

const SECRET = 'planted/key+with="quotes\\and?more';
const IDS = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED };
const CALL: PlainFields = {
  operation: 'chat',
  model: 'claude-sonnet-5-5',
  response_model: 'claude-sonnet-5-5',
  request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy',
  error_code: undefined,
  stop_reason: 'end_turn',
  stream: 'false',
  outcome: 'success',
  caller: 'anybody',
  conversation_id: 'f4b3c1de-0a6e-4d0c-8a55-3f1d2a1b9c7e',
  agent_id: 'agent-7f3a',
  parent_agent_id: 'agent-0001',
  user_id: '{"device_id":"ab12","session_id":"f4b3c1de"}',
  attempts: 1,
  duration_ms: 30.449,
  overhead_ms: 6.322,
  usage: { inputTokens: 12, outputTokens: 11 },
  cost_dollars: 0.000201,
  unpriced: true,
};
const REQUEST: PlainFields = {
  method: 'POST',
  route: '/v1/messages',
  status: 200,
  caller: 'anybody',
  client_address: '127.0.0.1',
  duration_ms: 38.799,
};
const OWN_WORDS = ['operation', 'stream', 'outcome', 'method', 'route'];
/** By line, the fields that hold what somebody else wrote. */
const OTHERS = [CALL, REQUEST].flatMap((line) =>
  Object.keys(line)
    .filter((name) => typeof (line[name] ?? '') === 'string' && !OWN_WORDS.includes(name))
    .map((name) => [line, name] as const),
);
const TEXTS = [
  ...[
    '',
    ' ',
    'a"b',
    'a\\b',
    '\\"',
    '\\u0041',
    'line\nbreak',
    '\0',
    '\x1f',
    '\x7f',
    '\u2028\u2029',
  ],
  ...[
    '\ud800',
    'half \udc00 "quoted"',
    'half \ud800\n',
    '😀 ünï',
    `${'x'.repeat(99)}"`,
    'y'.repeat(101),
  ],
  ...[
    `long "${'z'.repeat(200)}\n`,
    `long \ud800 ${'z'.repeat(200)}`,
    '</script>',
    '__proto__',
    ',',
    '",',
  ],
];
const FOUND = [
  ...['sk-ant-api03-x_y-z', 'authorization: Basic dTpw', 'api_key=123456', 'Bearer abc.def-1'],
  ...[
    'bob@example.com',
    'bob@example.com 1.5',
    '4111111111111111',
    '+4915123456789',
    '415-555-0132',
  ],
  ...[
    'req_AKIAIOSFODNN7EXAMPLE',
    `req_AIza${'a'.repeat(35)}`,
    'req_sk-ant-x1',
    '4111-1111-1111-1111',
  ],
  ...['AKIAIOSFODNN7EXAMPLE', 'https://me:pass@proxy/', '"x-api-key":"a"', 'authorization'],
];

/** Writes lines by both ways, to an array and to an exporter; the time stands still. */
function bothWays(
  t: TestContext,
  { secrets = () => [SECRET], service = 'claude', level = 'info' } = {},
) {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 10, 26) });
  disabledTelemetry({ trusts: () => false });
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  const lines: string[] = [];
  const sinks = [
    { write: (line: string) => void lines.push(line) },
    recordingSink(provider.getLogger('test')),
  ];
  const redactor = new Redactor({ secrets });
  const logger = createLogger({ level, service, redactor, sinks });
  return {
    logger,
    lines,
    /** @returns the line and the record, which must be those of pino */
    async check(fields: PlainFields, ctx = contextOf('c-1')) {
      lines.length = 0;
      exporter.reset();
      context.with(ctx, () => logger.info(fields, 'call'));
      logger.plain(fields, 'call', ctx);
      const [byPino, byHand] = lines;
      assert.equal(byHand, byPino);
      await provider.forceFlush();
      const [pinos, ours] = exporter.getFinishedLogRecords().map(recordOf);
      assert.deepEqual(ours, pinos);
      return `${byHand}${JSON.stringify(ours)}`;
    },
  };
}

function contextOf(correlationId: string, traceId = IDS.traceId): Context {
  const ctx = setCorrelation(ROOT_CONTEXT, { id: correlationId, replaced: false });
  return trace.setSpanContext(ctx, { ...IDS, traceId });
}

/** The same numbers in each run. @returns a number from 0 up to, and without, n */
function randomly() {
  let seed = 7;
  return (n: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % n;
  };
}

type Exported = ReturnType<InMemoryLogRecordExporter['getFinishedLogRecords']>[number];

function recordOf({ hrTime, body, severityNumber, severityText, spanContext, ...rest }: Exported) {
  return { hrTime, body, severityNumber, severityText, spanContext, attributes: rest.attributes };
}

test('plain lines: whatever a field holds, its bytes and its record are those of pino’s line', async (t) => {
  const { check } = bothWays(t);
  for (const line of [CALL, REQUEST, {}]) {
    assert.match(await check(line), /^\{"level":"info","time":"2026-11-26T00:00:00\.000Z"/);
  }
  for (const [line, name] of OTHERS) {
    for (const text of TEXTS) await check({ ...line, [name]: text });
  }
  for (const n of [0, -0, -1, 0.1 + 0.2, 1e21, 5e-324, Number.NaN, Infinity, -Infinity]) {
    await check({ ...CALL, duration_ms: n, attempts: n });
  }
  for (const unpriced of [true, false, undefined]) await check({ ...CALL, unpriced });
  for (const usage of [{}, { inputTokens: 1 }, undefined]) await check({ ...CALL, usage });
});

test('plain lines: without a request there are no IDs, and they are escaped like any text', async (t) => {
  const { check } = bothWays(t);
  assert(!(await check(CALL, ROOT_CONTEXT)).includes('trace_id'));
  for (const text of TEXTS) await check(CALL, contextOf(text));
});

test('plain lines: a secret or personal data in any field from outside is hidden as in pino’s line', async (t) => {
  const { check } = bothWays(t);
  for (const found of FOUND) {
    for (const [line, name] of OTHERS) {
      await check({ ...line, [name]: `to ${found}.` });
      await check({ ...line, [name]: found });
    }
    for (const line of [CALL, REQUEST]) await check(line, contextOf(found));
    await check({ ...CALL, model: found, response_model: found, user_id: found });
  }
  assert((await check({ ...CALL, user_id: 'bob@example.com' })).includes('[redacted:email]'));
});

test('plain lines: a known secret in any field from outside is hidden, however it is encoded', async (t) => {
  const { check } = bothWays(t);
  for (const form of encodedForms(SECRET)) {
    for (const [line, name] of OTHERS) {
      const written = await check({ ...line, [name]: `a ${form} b` });
      assert(written.includes('[redacted]'), `${name}: ${form}`);
      assert(!written.includes(JSON.stringify(form).slice(1, -1)), `${name}: ${form}`);
    }
    for (const line of [CALL, REQUEST]) {
      for (const ctx of [contextOf(form), contextOf('c-1', form)]) {
        assert((await check(line, ctx)).includes('[redacted]'), form);
      }
    }
  }
});

test('plain lines: a known secret that is a word, a name or a number of ours is hidden as in pino’s line', async (t) => {
  for (const secret of [
    'success',
    'chat',
    'model',
    'info',
    'call"',
    '30.449',
    'end_turn","stream',
  ]) {
    const { check, lines } = bothWays(t, { secrets: () => [secret] });
    await check(CALL);
    await check(REQUEST);
    assert(!lines.join('').includes(secret), secret);
    t.mock.timers.reset();
  }
});

test('plain lines: a text that was clean is read again once it is a secret', async (t) => {
  let secrets: string[] = [];
  const { check } = bothWays(t, { secrets: () => secrets });
  assert((await check(CALL)).includes('"anybody"'));
  secrets = ['anybody', 'a'.repeat(32), '{"device_id":"ab12"'];
  const written = await check(CALL);
  for (const secret of secrets) assert(!written.includes(secret), secret);
  assert(!written.includes('ab12'));
});

test('plain lines: a field that is named like a secret is hidden whole, like any that holds one', async (t) => {
  const { check } = bothWays(t);
  for (const name of ['password', 'x_api_key', 'session_token']) {
    assert((await check({ ...REQUEST, [name]: 'abc' })).includes('"[redacted]"'), name);
  }
});

test('plain lines: an ID of any form is hidden, or not, as in pino’s line', async (t) => {
  const { check } = bothWays(t);
  const random = randomly();
  const pick = (from: string) => from[random(from.length)] ?? '';
  const some = (from: string, n: number) => Array.from({ length: n }, () => pick(from)).join('');
  const HEX = '0123456789abcdefABCDEF-';
  const ALNUM = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  for (let i = 0; i < 500; i++) {
    const found = ['AKIA', 'ASIA', 'AIza', 'sk-ant-', 'eyJ', 'ghp_', 's.', ''][random(8)];
    const ids = [some(HEX, 1 + random(40)), `req_${found}${some(ALNUM, 15 + random(30))}`];
    for (const id of ids) await check({ ...CALL, request_id: id, agent_id: id }, contextOf(id));
  }
});

test('plain lines: more texts than are remembered are hidden, or not, like the first', async (t) => {
  const { check } = bothWays(t);
  for (let i = 0; i < 1_100; i++) await check({ ...REQUEST, caller: `caller ${i}` });
  await check({ ...REQUEST, caller: 'bob@example.com' });
});

test('plain lines: a name that was cut from a long text does not keep that text in memory', () => {
  const redactor = new Redactor({ secrets: () => [] });
  const logger = createLogger({ level: 'info', service: 's', redactor, sinks: [] });
  const bytes = keptBytes(() => {
    for (let i = 0; i < 100; i++) {
      const model = aLongText(i).slice(0, 100);
      logger.plain({ model }, 'call', ROOT_CONTEXT);
    }
    return logger;
  });
  assert(bytes < 20 * 2 ** 20, `${bytes}`);
});

test('plain lines: a number that may be a card’s, and a service named like an address, are hidden', async (t) => {
  const { check } = bothWays(t, { service: 'ops@example.com "quoted"' });
  const written = await check({ ...CALL, usage: { inputTokens: 4111111111111111 } });
  assert(written.includes('[redacted:card]') && written.includes('[redacted:email]'));
  await check({ ...CALL, duration_ms: 5555555555554444 });
});

test('plain lines: hostile texts in several fields at once give the bytes of pino’s line', async (t) => {
  const { check } = bothWays(t);
  const pieces = [...TEXTS, ...FOUND, ...encodedForms(SECRET), SECRET.slice(0, 9), SECRET.slice(9)];
  const random = randomly();
  const text = () => `${pieces[random(pieces.length)]}${pieces[random(pieces.length)]}`;
  const names = OTHERS.map(([, name]) => name);
  for (let i = 0; i < 2_000; i++) {
    const changed = [0, 1, 2].map(() => [names[random(names.length)], text()]);
    await check({ ...CALL, ...Object.fromEntries(changed) }, contextOf(text()));
  }
});

test('plain lines: a clean line is not read again by an exporter, also where its texts need escapes', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  const taken: unknown[] = [];
  const sink = {
    write: () => assert.fail('parsed again'),
    record: (line: object) => taken.push(line),
  };
  const redactor = new Redactor({ secrets: () => [SECRET] });
  const logger = createLogger({ level: 'info', service: 's', redactor, sinks: [sink] });
  logger.plain(CALL, 'call', contextOf('c-1'));
  logger.plain(REQUEST, 'request', ROOT_CONTEXT);
  assert.deepEqual(taken, [
    { atMs: 0, msg: 'call', correlationId: 'c-1', span: IDS, fields: CALL },
    { atMs: 0, msg: 'request', correlationId: undefined, span: undefined, fields: REQUEST },
  ]);
});

test('plain lines: their time is that of their millisecond', (t) => {
  const { logger, lines } = bothWays(t);
  for (const ms of [0, 0, 1, 1_000]) {
    t.mock.timers.tick(ms);
    logger.plain(CALL, 'call', ROOT_CONTEXT);
    logger.warn('x');
  }
  const times = lines.map((line) => JSON.parse(line).time.slice(17));
  assert.deepEqual(
    times,
    ['00.000Z', '00.000Z', '00.001Z', '01.001Z'].flatMap((time) => [time, time]),
  );
});

test('plain lines: there are none above the level `info`', (t) => {
  const { logger, lines } = bothWays(t, { level: 'warn' });
  logger.plain(CALL, 'call', ROOT_CONTEXT);
  assert.deepEqual(lines, []);
});
