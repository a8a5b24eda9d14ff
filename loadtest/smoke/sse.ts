/** Server-sent events of a whole text, for k6, which cannot import the npm parser that the service uses. */

/** One event: its `event:` name (`message` when it had none) and its joined data lines. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Splits a finished stream into events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 * An event without data, or without the blank line that ends it, does not count, as the standard says.
 */
export function parseSse(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  let event = '';
  let data: string[] = [];
  // A text that ends within a line leaves that line last: it is not whole, so it is dropped.
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push({ event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
      continue;
    }
    const [field, value] = splitField(line);
    if (field === 'data') data.push(value);
    if (field === 'event') event = value;
  }
  return events;
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const from = line[colon + 1] === ' ' ? colon + 2 : colon + 1;
  return [line.slice(0, colon), line.slice(from)];
}
