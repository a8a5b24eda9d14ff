/** Reads figures out of a result: of each round, and compared within it. A figure that is invalid in one round is none. */
import type { Result } from './result.ts';
import { DIRECT } from './rounds.ts';
import { pairedRatio, type Spread, spreadOf } from './statistics.ts';
import type { StreamFigures } from './stream-reader.ts';
import type { SeriesFigures, SeriesName, StreamSeriesName, Visit } from './visit.ts';

/** What a figure is read from in each visit; undefined where it has none. */
export type Read = (visit: Visit) => number | undefined;

type NumberIn<T> = { [K in keyof T]-?: T[K] extends number | undefined ? K : never }[keyof T];

export function ofSeries(series: SeriesName, field: NumberIn<SeriesFigures>): Read {
  return (visit) => {
    const figures = visit.series[series];
    return figures?.invalid === '' ? figures[field] : undefined;
  };
}

export function ofStreams(series: StreamSeriesName, field: NumberIn<StreamFigures>): Read {
  return (visit) => visit.streams[series]?.[field];
}

export class Figures {
  readonly #visits: ReadonlyMap<string, readonly Visit[]>;

  constructor({ visits }: Pick<Result, 'visits'>) {
    this.#visits = Map.groupBy(
      visits.toSorted((a, b) => a.round - b.round),
      ({ subject }) => subject,
    );
  }

  /** One value for each round; none where one of them is missing. */
  values(subject: string, read: Read): readonly number[] {
    const values = (this.#visits.get(subject) ?? []).map(read);
    return values.every((value) => value !== undefined) ? (values as number[]) : [];
  }

  spread(subject: string, read: Read): Spread | undefined {
    return spreadOf(this.values(subject, read));
  }

  /** Of the rounds that have it: some figures are taken in one round only. */
  anyRound(subject: string, read: Read): Spread | undefined {
    return spreadOf((this.#visits.get(subject) ?? []).flatMap((visit) => read(visit) ?? []));
  }

  ratio(subject: string, other: string, read: Read): Spread | undefined {
    return pairedRatio(this.values(subject, read), this.values(other, read));
  }

  /** Through the subject, minus straight to the upstream in the same round. */
  added(subject: string, read: Read): Spread | undefined {
    const less = this.values(DIRECT, read);
    const more = this.values(subject, read);
    if (more.length !== less.length) return undefined;
    return spreadOf(more.map((value, i) => value - (less[i] ?? Number.NaN)));
  }

  /** How a figure grows from one series to another, as a ratio to how the other subject's grows. */
  growth(subject: string, other: string, from: Read, to: Read): Spread | undefined {
    const grown = (name: string) => {
      const before = this.values(name, from);
      return this.values(name, to).map((value, i) => value / (before[i] ?? Number.NaN));
    };
    return pairedRatio(grown(subject), grown(other));
  }
}
