/** Parses finished streams for k6, which cannot import the npm parser that the service uses. */

/** One event: its `event:` name (`message` if it has none) and its joined data lines. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Splits a finished stream into events:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html As the standard demands, an event
 * without data, or without the blank line that ends it, is dropped.
 */
export function parseSse(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  let event = '';
  let data: string[] = [];
  // The last element is an unfinished line, or empty if the text ends with a line break.
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
