/** Keeps the last requests for inspection, with keys masked and other credentials hidden. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from './faults.ts';

/** One request as the log shows it. */
export interface RecordedRequest {
  /** RFC 3339. */
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly region: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly stream: boolean;
  /** Status of the response; 0 if the request hung or its connection was reset. */
  readonly status: number;
  readonly fault: Fault['kind'] | null;
}

/** One request as the log keeps it: headers are masked only when somebody reads them. */
export type Entry = Omit<RecordedRequest, 'headers' | 'time'> & {
  readonly atMs: number;
  readonly rawHeaders: IncomingHttpHeaders;
};

const CAPACITY = 1_000;
const SHOWN_AS_PRESENT: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
]);

export class RequestLog {
  #entries: Entry[] = [];
  #seen = 0;

  /** Number of requests since the start or the last `clear`, not only of those kept. */
  get seen(): number {
    return this.#seen;
  }

  add(entry: Entry): void {
    this.#entries[this.#seen % CAPACITY] = entry;
    this.#seen += 1;
  }

  /** @returns the requests that are kept, oldest first */
  list(): RecordedRequest[] {
    const oldest = this.#entries.length < CAPACITY ? 0 : this.#seen % CAPACITY;
    return [...this.#entries.slice(oldest), ...this.#entries.slice(0, oldest)].map(show);
  }

  clear(): void {
    this.#entries = [];
    this.#seen = 0;
  }
}

function show({ atMs, rawHeaders, ...entry }: Entry): RecordedRequest {
  return { ...entry, time: new Date(atMs).toISOString(), headers: maskHeaders(rawHeaders) };
}

function maskHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    if (name === 'x-api-key') shown[name] = maskKey(text);
    else shown[name] = SHOWN_AS_PRESENT.has(name) ? '[present]' : text;
  }
  return shown;
}

/** @returns enough of a key to tell keys apart, and too little to use it */
export function maskKey(key: string): string {
  return key.length < 12 ? '…' : `${key.slice(0, 3)}…${key.slice(-3)}`;
}
