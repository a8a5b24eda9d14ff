/** Redacts streams on their way to callers, because an upstream's errors may quote our key. */
import { createEvent, type SseEvent } from '../anthropic/sse.ts';
import type { Redactor } from './redactor.ts';

/**
 * Events of content pass byte for byte. An `error` event quotes what proxies were sent, and a block that is
 * no event (a comment) may hold anything.
 * @returns the event itself where nothing is to be hidden
 */
export function redactEvent(event: SseEvent, redactor: Redactor): SseEvent {
  const { type, data } = event;
  if (type !== undefined && type !== 'error') return event;
  const cleanData = data && redactor.line(data).trimEnd();
  const raw = Buffer.from(event.raw).toString();
  if (cleanData === data && redactor.text(raw) === raw) return event;
  if (type === undefined) return { ...event, raw: Buffer.from(redactor.text(raw)) };
  return createEvent('error', cleanData.replaceAll('\n', '\ndata: '));
}
