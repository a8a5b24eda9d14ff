/** The last requests that the simulator saw, for inspection: keys masked, credentials named only. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FaultKind } from './faults.ts';

/** One request as it is shown. */
export interface RecordedRequest {
  /** RFC 3339. */
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly region: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly stream: boolean;
  /** As it was answered; 0 where it was hung or reset. */
  readonly status: number;
  readonly fault: FaultKind | null;
}

const CAPACITY = 1_000;
const PRESENT = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Enough to tell keys apart, never enough to use one. */
export function maskKey(key: string): string {
  return key.length < 12 ? '…' : `${key.slice(0, 3)}…${key.slice(-3)}`;
}

function maskHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    if (name === 'x-api-key') shown[name] = maskKey(text);
    else shown[name] = PRESENT.has(name) ? '[present]' : text;
  }
  return shown;
}

/** A request as it is kept: its headers are masked when somebody looks, not on the hot path. */
export type Entry = Omit<RecordedRequest, 'headers' | 'time'> & {
  readonly atMs: number;
  readonly rawHeaders: IncomingHttpHeaders;
};

export interface RequestRing {
  add(entry: Entry): void;
  /** Oldest first. */
  list(): RecordedRequest[];
  clear(): void;
  /** Of all time, not only of those kept. */
  readonly seen: number;
}

export function createRequestRing(): RequestRing {
  let ring: Entry[] = [];
  let seen = 0;
  return {
    add(entry) {
      ring[seen % CAPACITY] = entry;
      seen += 1;
    },
    list() {
      const start = ring.length < CAPACITY ? 0 : seen % CAPACITY;
      return [...ring.slice(start), ...ring.slice(0, start)].map(show);
    },
    clear() {
      ring = [];
      seen = 0;
    },
    get seen() {
      return seen;
    },
  };
}

function show({ atMs, rawHeaders, ...entry }: Entry): RecordedRequest {
  return { ...entry, time: new Date(atMs).toISOString(), headers: maskHeaders(rawHeaders) };
}
