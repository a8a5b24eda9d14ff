/**
 * Writes the series of a load to Prometheus while it runs, under the names, labels and units that k6's output
 * `experimental-prometheus-rw` gives them, so that one dashboard shows both.
 */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { compress } from 'snappyjs';
import type { Cells, Tags } from './cells.ts';
import { Counter, Gauge, Rate, type Sink } from './sinks.ts';

/** k6's name for the aggregates of trends that it is told to write: K6_PROMETHEUS_RW_TREND_STATS. */
export const TREND_STATS = ['med', 'p(90)', 'p(99)'] as const;

export interface Sample {
  /** Sorted by name, as the protocol demands; `__name__` is one of them. */
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly value: number;
}

/** @returns what k6 would write of these metrics: times are in seconds, whatever their names say */
export function samplesOf(cells: Cells): Sample[] {
  return [...cells.all()].flatMap(({ tags, sinks }) =>
    [...sinks].flatMap(([metric, sink]) =>
      valuesOf(sink).map(([suffix, value]) => ({
        labels: labelsOf(`k6_${metric}${suffix}`, tags),
        value,
      })),
    ),
  );
}

function valuesOf(sink: Sink): [suffix: string, value: number][] {
  if (sink instanceof Counter) return [['_total', sink.count]];
  if (sink instanceof Rate) return [['_rate', sink.share]];
  if (sink instanceof Gauge) return [['', sink.value]];
  const values = sink.values();
  return TREND_STATS.flatMap((stat): [string, number][] => {
    const ms = values[stat];
    return ms === undefined ? [] : [[`_${stat.replaceAll(/[().]/g, '')}`, ms / 1000]];
  });
}

function labelsOf(name: string, tags: Tags): Sample['labels'] {
  return Object.entries({ __name__: name, ...tags })
    .map(([key, value]) => ({ name: key, value }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const WriteRequest = protobuf
  .parse(readFileSync(new URL('remote-write.proto', import.meta.url), 'utf8'))
  .root.lookupType('WriteRequest');

interface Bits {
  readonly low: number;
  readonly high: number;
}

/** A NaN that Prometheus takes as the end of a series. https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers */
const STALE: Bits = { low: 0x00000002, high: 0x7ff00000 };

function bitsOf(value: number): Bits {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return { low: view.getUint32(4), high: view.getUint32(0) };
}

function encode(samples: readonly Sample[], unixMs: number, isStale: boolean): Buffer {
  const timeseries = samples.map(({ labels, value }) => ({
    labels,
    samples: [{ value: isStale ? STALE : bitsOf(value), timestamp: unixMs }],
  }));
  return compress(Buffer.from(WriteRequest.encode({ timeseries }).finish()));
}

export interface RemoteWriteOptions {
  /** Ends in `/api/v1/write`. */
  readonly url: string;
  /** Told at most once why Prometheus does not take the results. */
  readonly warn: (line: string) => void;
}

const TIMEOUT_MS = 3_000;

export class RemoteWrite {
  readonly #url: string;
  readonly #warn: (line: string) => void;
  #hasWarned = false;
  #isBusy = false;

  constructor({ url, warn }: RemoteWriteOptions) {
    this.#url = url;
    this.#warn = warn;
  }

  /** Never rejects. Writes nothing while an earlier write is under way. */
  async write(cells: Cells): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    await this.#post(encode(samplesOf(cells), Date.now(), false));
    this.#isBusy = false;
  }

  /** Writes the last values and then ends all series, so that no dashboard shows a load that is over. */
  async end(cells: Cells): Promise<void> {
    const samples = samplesOf(cells);
    const unixMs = Date.now() + 1;
    await this.#post(encode(samples, unixMs, false));
    // A sample of the same millisecond would be taken for a second one of the same, and be dropped.
    await this.#post(encode(samples, unixMs + 1, true));
  }

  async #post(body: Buffer): Promise<void> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-protobuf',
          'content-encoding': 'snappy',
          'x-prometheus-remote-write-version': '0.1.0',
        },
        body: new Uint8Array(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await response.text();
      if (!response.ok) this.#warnOnce(`${response.status} ${text.trim().slice(0, 100)}`);
    } catch (error) {
      const { message, cause } = error as Error;
      this.#warnOnce(cause instanceof Error ? cause.message : message);
    }
  }

  #warnOnce(why: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#warn(`Prometheus does not take the results, so its dashboard shows none: ${why}`);
  }
}
