/** Redacts streams on their way to callers, because an upstream may quote our key in any event. */
import { bytesOf, createEvent, type SseEvent, textOf } from '../anthropic/sse.ts';
import type { Redactor } from './redactor.ts';

/** No error or comment of an API comes near it: the rules take their time for a longer one. */
const MAX_BYTES = 256 * 1024;
const TOO_LONG = JSON.stringify({
  type: 'error',
  error: { type: 'api_error', message: 'the upstream’s error is too long' },
});

/** @returns the bytes of events that came together; most hold nothing to hide, and are looked at once */
export function redactEvents(events: readonly SseEvent[], redactor: Redactor): Uint8Array {
  const bytes = bytesOf(events);
  if (events.every(isOneLine)) {
    const text = textOf(bytes);
    const hide = events.some(({ type }) => type === undefined) ? redactor.text : redactor.secrets;
    if (hide(text) === text) return bytes;
  }
  return bytesOf(events.map((event) => redactEvent(event, redactor)));
}

function isOneLine({ type, data, raw }: SseEvent): boolean {
  if (type === undefined) return raw.length <= MAX_BYTES;
  return type !== 'error' && !data.includes('\n');
}

/**
 * In events of content only the service's own secrets are hidden. An `error` event quotes what proxies were
 * sent, and a block that is no event (a comment) may hold anything, so all rules apply to these.
 * @returns the event itself where nothing is to be hidden
 */
function redactEvent(event: SseEvent, redactor: Redactor): SseEvent {
  const { type, raw } = event;
  if ((type === undefined || type === 'error') && raw.length > MAX_BYTES) {
    return type === 'error' ? createEvent(type, TOO_LONG) : { ...event, raw: new Uint8Array() };
  }
  const text = textOf(raw);
  if (type === 'error') return redactError(event, text, redactor);
  const clean = type === undefined ? redactor.text(text) : redactor.secrets(text);
  return rejoined(clean === text ? event : { ...event, raw: Buffer.from(clean) }, redactor.secrets);
}

function redactError(event: SseEvent, text: string, redactor: Redactor): SseEvent {
  const { data } = event;
  const clean = data && redactor.line(data).trimEnd();
  if (clean !== data || redactor.text(text) !== text) return eventOf('error', clean);
  return rejoined(event, redactor.secrets);
}

/** Data of several lines may break a secret: then it is sent as one line. */
function rejoined(event: SseEvent, hide: (text: string) => string): SseEvent {
  const { type, data } = event;
  if (type === undefined || !data.includes('\n')) return event;
  const joined = data.replaceAll('\n', '');
  const clean = hide(joined);
  return clean === joined ? event : eventOf(type, clean);
}

function eventOf(type: string, data: string): SseEvent {
  return createEvent(type, data.replaceAll('\n', '\ndata: '));
}
