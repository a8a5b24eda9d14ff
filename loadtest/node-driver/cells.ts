/**
 * The series of a load: metrics by their tags, and from them what k6's `handleSummary` gets, where a metric also has an
 * aggregate for each tag alone and for all calls together.
 */
import { Counter, Gauge, Rate, type Sink } from './sinks.ts';
import { Trend } from './trend.ts';

/** In the order in which k6's notation has them; each names a few values at most. */
export interface Tags {
  readonly scenario?: string;
  readonly call_type?: string;
  readonly status?: string;
}

/** All metrics of one set of tags. */
export class Cell {
  readonly tags: Tags;
  readonly sinks = new Map<string, Sink>();

  constructor(tags: Tags) {
    this.tags = tags;
  }

  counter(metric: string): Counter {
    return this.#sink(metric, Counter);
  }

  rate(metric: string): Rate {
    return this.#sink(metric, Rate);
  }

  gauge(metric: string): Gauge {
    return this.#sink(metric, Gauge);
  }

  trend(metric: string): Trend {
    return this.#sink(metric, Trend);
  }

  #sink<T extends Sink>(metric: string, Kind: new () => T): T {
    const known = this.sinks.get(metric);
    if (known) return known as T;
    const sink = new Kind();
    this.sinks.set(metric, sink);
    return sink;
  }
}

export class Cells {
  readonly #cells = new Map<string, Cell>();

  /** @returns the cell of exactly these tags */
  at(tags: Tags): Cell {
    const key = notation('', tags);
    const known = this.#cells.get(key);
    if (known) return known;
    const cell = new Cell(tags);
    this.#cells.set(key, cell);
    return cell;
  }

  all(): Iterable<Cell> {
    return this.#cells.values();
  }

  /** Puts together what has the same metric and the same tags of those that are kept. */
  merged(keep: readonly (keyof Tags)[]): Map<string, Sink> {
    const sums = new Cells();
    for (const { tags, sinks } of this.#cells.values()) {
      const kept = Object.fromEntries(keep.flatMap((tag) => (tags[tag] ? [[tag, tags[tag]]] : [])));
      if (Object.keys(kept).length < keep.length) continue;
      const sum = sums.at(kept);
      for (const [metric, sink] of sinks) addTo(sum, metric, sink);
    }
    return new Map(
      [...sums.all()].flatMap(({ tags, sinks }) =>
        [...sinks].map(([metric, sink]) => [notation(metric, tags), sink] as const),
      ),
    );
  }
}

function addTo(cell: Cell, metric: string, sink: Sink): void {
  if (sink instanceof Trend) cell.trend(metric).merge(sink);
  else if (sink instanceof Counter) cell.counter(metric).merge(sink);
  else if (sink instanceof Rate) cell.rate(metric).merge(sink);
  else cell.gauge(metric).merge(sink);
}

/** @returns the metric in k6's notation, such as `claude_calls{scenario:load,call_type:complete}` */
export function notation(metric: string, { scenario, call_type, status }: Tags): string {
  const tags = Object.entries({ scenario, call_type, status }).filter(([, value]) => value);
  if (tags.length === 0) return metric;
  return `${metric}{${tags.map(([name, value]) => `${name}:${value}`).join(',')}}`;
}
