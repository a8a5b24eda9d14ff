/** What a broken or hostile upstream answers: odd heads, cut bodies, bad events, errors of any shape. */
import { gzipSync } from 'node:zlib';
import type { Case, Step } from './case.ts';
import type { Random } from './random.ts';
import { goodCall } from './requests.ts';
import { oddNumber, oddText, SECRETS } from './texts.ts';

const event = (type: string, data: string, newline = '\n') =>
  `event: ${type}${newline}data: ${data}${newline}${newline}`;

/** Anything an upstream might quote of what it was sent. */
function quoted(random: Random): string {
  return JSON.stringify(random.pick([oddText(random), `invalid key ${SECRETS.key}`, 'Overloaded']));
}

const ERROR_TYPES = ['overloaded_error', 'rate_limit_error', 'api_error', 'error_of_tomorrow', ''];

function errorJson(random: Random): string {
  const type = JSON.stringify(random.pick(ERROR_TYPES));
  return random.pick([
    `{"type":"error","error":{"type":${type},"message":${quoted(random)}}}`,
    `{"type":"error","error":${quoted(random)}}`,
    '{"type":"error"}',
    '{"type":"error","error":{"type":5,"message":[]}}',
    `{"message":${quoted(random)}}`,
    `{"error":${quoted(random)},"request_id":7}`,
    '{}',
  ]);
}

function usageJson(random: Random): string {
  return `{"input_tokens":${oddNumber(random)},"output_tokens":${oddNumber(random)},"cache_creation":${random.pick(['null', '[]', '7'])}}`;
}

function startJson(random: Random): string {
  return `{"type":"message_start","message":{"id":${quoted(random)},"model":${JSON.stringify(oddText(random))},"usage":${usageJson(random)}}}`;
}

/** The events of a stream, some of them odd, missing, twice, or in another order. */
function eventsText(random: Random): string {
  const newline = random.pick(['\n', '\n', '\r\n', '\r']);
  const text = JSON.stringify(oddText(random));
  const delta = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${text}}}`;
  const parts = [
    event('message_start', startJson(random), newline),
    event('content_block_start', '{"index":0,"content_block":{"type":"text"}}', newline),
    event('content_block_delta', delta, newline),
    event(
      'message_delta',
      `{"delta":{"stop_reason":${text}},"usage":${usageJson(random)}}`,
      newline,
    ),
    event('message_stop', '{"type":"message_stop"}', newline),
  ];
  const extra = [
    event('ping', '{}', newline),
    event('error', errorJson(random), newline),
    event(oddText(random).replaceAll(/[\r\n]/g, ''), '{}', newline),
    event('content_block_delta', '{"delta":', newline),
    event('content_block_delta', 'no JSON', newline),
    `: ${SECRETS.key}${newline}${newline}`,
    `data:${newline}data${newline}id: ${newline}retry: 99999999999${newline}${newline}`,
    newline.repeat(40),
    'event: message_stop',
    '\ufeff',
    '\u0000',
    `data: ${'x'.repeat(random.int(1, 200_000))}${newline}${newline}`,
  ];
  for (let n = random.int(0, 3); n > 0; n -= 1) {
    parts.splice(random.int(0, parts.length), 0, random.pick(extra));
  }
  if (random.chance(0.3)) parts.splice(random.int(0, parts.length - 1), 1);
  if (random.chance(0.2)) parts.push(random.pick(parts));
  return parts.join('');
}

function messageJson(random: Random): string {
  const content = `[{"type":"text","text":${quoted(random)}}]`;
  return `{"id":"m","type":"message","model":${JSON.stringify(oddText(random))},"content":${content},"stop_reason":${quoted(random)},"usage":${usageJson(random)}}`;
}

interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

function bodyOf(random: Random): Body {
  const json = 'application/json';
  const events = 'text/event-stream; charset=utf-8';
  return random.pick<() => Body>([
    () => ({ type: events, bytes: Buffer.from(eventsText(random)) }),
    () => ({ type: events, bytes: Buffer.from(eventsText(random)) }),
    () => ({ type: events, bytes: broken(random, Buffer.from(eventsText(random))) }),
    () => ({ type: json, bytes: Buffer.from(messageJson(random)) }),
    () => ({ type: json, bytes: Buffer.from(errorJson(random)) }),
    () => ({ type: json, bytes: broken(random, Buffer.from(messageJson(random))) }),
    () => ({
      type: json,
      bytes: Buffer.from(random.pick(['', 'null', '[]', '"x"', '7', '{"a":'])),
    }),
    () => ({ type: 'text/html', bytes: Buffer.from(`<html>${SECRETS.key}</html>`) }),
    () => ({ type: oddText(random), bytes: random.bytes(random.int(0, 500)) }),
  ])();
}

/** The same with other bytes in places, or without its end. */
function broken(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes.subarray(0, random.int(1, bytes.length)));
  for (let n = random.int(0, 5); n > 0; n -= 1) {
    copy.writeUInt8(random.int(0, 255), random.int(0, copy.length - 1));
  }
  return copy;
}

const STATUSES = [200, 200, 200, 200, 200, 201, 204, 304, 307, 400, 401, 404, 413, 422, 429, 500];
const ODD_STATUSES = [502, 503, 529, 599, 600, 999, 99, 101, 103];

function headFields(random: Random): string {
  const value = oddText(random)
    .replaceAll(/[\r\n\0]/g, ' ')
    .slice(0, 2_000);
  return random.pick([
    '',
    '',
    `request-id: ${SECRETS.key}\r\n`,
    `request-id: ${value}\r\nrequest-id: b\r\n`,
    `anthropic-${random.pick(['x', 'organization-id'])}: ${value}\r\n`,
    `anthropic-ratelimit-requests-remaining: ${oddNumber(random).slice(0, 30)}\r\n`,
    'x-should-retry: true\r\nretry-after-ms: 1\r\n',
    'retry-after-ms: 0\r\nset-cookie: a=b\r\n',
    `x-correlation-id: another\r\nx-content-type-options: none\r\n`,
    `traceresponse: ${value}\r\n`,
    'connection: close\r\nkeep-alive: timeout=0\r\n',
  ]);
}

/** How the body is framed: right, or so that its reader has to notice. */
function framed(random: Random, { type, bytes }: Body): Buffer[] {
  const status = random.pick(random.chance(0.8) ? STATUSES : ODD_STATUSES);
  const safeType = type.replaceAll(/[\r\n\0]/g, ' ').slice(0, 1_000);
  const head = `HTTP/1.1 ${status} ${random.pick(['OK', '', 'Odd \t'])}\r\ncontent-type: ${safeType}\r\n${headFields(random)}`;
  const withLength = (length: number) => `${head}content-length: ${length}\r\n\r\n`;
  const chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes]);
  const zipped = gzipSync(bytes);
  return random.pick<() => Buffer[]>([
    () => [Buffer.from(withLength(bytes.length)), bytes],
    () => [Buffer.from(withLength(bytes.length)), bytes],
    () => [Buffer.from(withLength(bytes.length + random.int(1, 500))), bytes],
    () => [Buffer.from(withLength(random.int(0, bytes.length))), bytes],
    () => [Buffer.from(`${head}\r\n`), bytes],
    () => [
      Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`),
      chunk,
      Buffer.from('\r\n0\r\n\r\n'),
    ],
    () => [Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`), chunk],
    () => [
      Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`),
      chunk,
      Buffer.from('\r\nzz\r\n'),
    ],
    () => [
      Buffer.from(`${head}content-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`),
      zipped,
    ],
    () => [Buffer.from(`HTTP/1.1 103 Early\r\nlink: a\r\n\r\n${withLength(bytes.length)}`), bytes],
    () => [Buffer.from(`${head}content-length: 5\r\ncontent-length: 6\r\n\r\n`), bytes],
    () => [Buffer.from(`${head}no header\r\n\r\n`), bytes],
    () => [random.bytes(random.int(1, 300))],
  ])();
}

function stepsOf(random: Random): Step[] {
  const bytes = Buffer.concat(framed(random, bodyOf(random)));
  const steps: Step[] = random
    .pieces(bytes, 6)
    .flatMap((piece) => [{ write: piece }, ...(random.chance(0.3) ? [{ waitMs: 5 }] : [])]);
  // Whoever does neither is silent, and the service's own limit ends the wait.
  const end = random.pick<Step[]>([
    [{ end: true }],
    [{ end: true }],
    [{ end: true }],
    [{ leave: 'reset' }],
    [],
  ]);
  return [...steps, ...end];
}

/** A good call, and the steps of an upstream that does not deserve it. */
export function hostileAnswer(random: Random, id: string): { case: Case; upstream: Step[] } {
  const { bytes, request } = goodCall(random, id, random.chance(0.6));
  const upstream = stepsOf(random);
  return {
    case: {
      name: 'hostile upstream',
      steps: [{ write: bytes }],
      requests: [request],
      tail: 'nothing',
      hasOwnErrors: true,
      leaves: false,
    },
    upstream,
  };
}
