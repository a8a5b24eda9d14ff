import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor } from '../privacy/redactor.ts';
import { createLogger } from './logger.ts';

const SECRET = 'sk-planted"with\\quotes';

function capture(level = 'info') {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const redactor = new Redactor({ secrets: () => [SECRET] });
  return { lines, logger: createLogger({ level, service: 's', redactor, sinks: [sink] }) };
}

test('logger: lines are JSON with a level as a word and a time', () => {
  const { lines, logger } = capture();
  logger.info({ a: 1 }, 'hello');
  const line = JSON.parse(lines[0] ?? '');
  assert.equal(line.level, 'info');
  assert.equal(line.service, 's');
  assert.equal(line.msg, 'hello');
  assert(!Number.isNaN(Date.parse(line.time)));
});

test('logger: a secret is hidden wherever it stands in a line', () => {
  const { lines, logger } = capture();
  logger.info({ deep: { er: [SECRET] } }, `key ${SECRET}`);
  logger.error({ err: new Error(`refused: ${SECRET}`, { cause: new Error(SECRET) }) });
  logger.info({ headers: { 'x-api-key': 'another', cookie: 'c' } });
  logger.info({ request: { headers: { authorization: 'Bearer abc' } } });
  const all = lines.join('');
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line));
  for (const text of ['sk-planted', 'another', 'Bearer']) assert(!all.includes(text), text);
  assert(all.includes('[redacted]'));
});

test('logger: what the rules find is hidden, in errors and their causes too', () => {
  const { lines, logger } = capture();
  const cause = new Error('no mail to bob@example.com');
  logger.error({ err: new Error('card 4111 1111 1111 1111', { cause }) }, 'call +4915123456789');
  logger.info({ response: { rawHeaders: ['set-cookie', 'sid=1'], 'x-api-key': 'k' } });
  const all = lines.join('');
  for (const text of ['bob', '4111', '+49', 'sid=1', '"k"']) assert(!all.includes(text), text);
  assert.equal(JSON.parse(lines[0] ?? '').msg, 'call [redacted:phone]');
});

test('logger: a message with line breaks stays one line', () => {
  const { lines, logger } = capture();
  logger.info('a\n{"level":"fatal"}');
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.trimEnd().split('\n').length, 1);
});

test('logger: a fatal line does not wait for the end of the turn, nor do the lines before it', () => {
  const seen: string[] = [];
  const sink = {
    write: (line: string) => void seen.push(JSON.parse(line).level),
    flushSync: () => void seen.push('flush'),
  };
  const redactor = new Redactor({ secrets: () => [] });
  const logger = createLogger({ level: 'info', service: 's', redactor, sinks: [sink] });
  logger.plain({ a: 1 }, 'call');
  logger.error('x');
  logger.fatal('y');
  assert.deepEqual(seen, ['info', 'error', 'fatal', 'flush']);
});
