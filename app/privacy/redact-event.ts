/** Redacts streams on their way to callers, because an upstream's errors may quote our key. */
import { createEvent, type SseEvent } from '../anthropic/sse.ts';
import type { Redactor } from './redactor.ts';

/**
 * Events of content pass byte for byte. An `error` event may quote what a proxy was sent, and bytes that
 * are not an event (comments, an unfinished rest) may hold anything.
 * @returns the event itself where nothing is to be hidden
 */
export function redactEvent(event: SseEvent, redactor: Redactor): SseEvent {
  const { type, data, raw } = event;
  if (type === undefined) return raw.length === 0 ? event : redactBytes(event, redactor);
  if (type !== 'error') return event;
  const cleanData = redactor.line(data).trimEnd();
  const isClean = cleanData === data && redactBytes(event, redactor) === event;
  return isClean ? event : createEvent('error', cleanData.replaceAll('\n', '\ndata: '));
}

function redactBytes(event: SseEvent, redactor: Redactor): SseEvent {
  const text = Buffer.from(event.raw).toString();
  const clean = redactor.text(text);
  return clean === text ? event : { ...event, raw: Buffer.from(clean) };
}
