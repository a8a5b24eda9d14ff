/**
 * Counters and histograms that find a series by the values of its declared labels, a map for each label, and that are
 * read at the scrape. The SDK's own instruments sort and serialise the attributes of every measurement to find its series:
 * for the twenty measurements of a call, twice what all else costs that is recorded of it (docs/adr/0041).
 * Semantics are the SDK's: https://opentelemetry.io/docs/specs/otel/metrics/sdk/
 */
import {
  type Attributes,
  type AttributeValue,
  type Counter,
  type Histogram,
  type HrTime,
  type UpDownCounter,
  ValueType,
} from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
} from '@opentelemetry/sdk-metrics';

/** The description of an instrument. */
export interface CellOptions {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  /** The attributes that tell its series apart; any other is left out. */
  readonly labels: readonly string[];
  /** Further series are counted as one. */
  readonly maxSeries: number;
}

/** The convention's attribute of the series that holds what is beyond the limit. */
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

interface Series<Cell> {
  readonly attributes: Attributes;
  readonly cell: Cell;
}

/** A series, or the branches by the value of the next label. */
interface Branch<Cell> {
  readonly next: Map<AttributeValue | undefined, Branch<Cell>>;
  cell: Cell | undefined;
}

const newBranch = <Cell>(): Branch<Cell> => ({ next: new Map(), cell: undefined });

/** The series of one instrument. */
class Cells<Cell> {
  readonly options: CellOptions;
  readonly startTime: HrTime;
  readonly #create: () => Cell;
  readonly #root = newBranch<Cell>();
  readonly #series: Series<Cell>[] = [];
  #overflow: Cell | undefined;

  constructor(options: CellOptions, startTime: HrTime, create: () => Cell) {
    this.options = options;
    this.startTime = startTime;
    this.#create = create;
  }

  find(attributes: Attributes): Cell {
    let branch: Branch<Cell> | undefined = this.#root;
    for (const label of this.options.labels) {
      branch = branch.next.get(attributes[label]);
      if (branch === undefined) return this.#add(attributes);
    }
    return branch.cell ?? this.#add(attributes);
  }

  #add(attributes: Attributes): Cell {
    const { labels, maxSeries } = this.options;
    // As the SDK does, it keeps one of them for what is beyond the limit.
    if (this.#series.length >= maxSeries - 1) return this.#beyond();
    let branch = this.#root;
    for (const label of labels) {
      const value = attributes[label];
      const next: Branch<Cell> = branch.next.get(value) ?? newBranch();
      branch.next.set(value, next);
      branch = next;
    }
    branch.cell = this.#create();
    const known = labels.filter((label) => attributes[label] !== undefined);
    const own = Object.fromEntries(known.map((label) => [label, attributes[label]]));
    this.#series.push({ attributes: own, cell: branch.cell });
    return branch.cell;
  }

  #beyond(): Cell {
    if (this.#overflow === undefined) {
      this.#overflow = this.#create();
      this.#series.push({ attributes: OVERFLOW, cell: this.#overflow });
    }
    return this.#overflow;
  }

  points<Value>(endTime: HrTime, read: (cell: Cell) => Value): DataPoint<Value>[] {
    const { startTime } = this;
    return this.#series.map(({ attributes, cell }) => {
      return { attributes, startTime, endTime, value: read(cell) };
    });
  }
}

/** @returns the fields that both kinds of metric data begin with */
function headOf({ name, unit, help }: CellOptions) {
  return {
    descriptor: { name, unit, description: help, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
}

/** An instrument that can be read. */
export interface Readable {
  read(endTime: HrTime): MetricData;
}

class Sum implements Counter, UpDownCounter, Readable {
  readonly #isMonotonic: boolean;
  readonly #cells: Cells<{ value: number }>;

  constructor(options: CellOptions, startTime: HrTime, isMonotonic: boolean) {
    this.#isMonotonic = isMonotonic;
    this.#cells = new Cells(options, startTime, () => ({ value: 0 }));
  }

  /** Does nothing for what is not a number, and a counter for less than 0. */
  add(value: number, attributes: Attributes = {}): void {
    if (Number.isNaN(value) || (this.#isMonotonic && value < 0)) return;
    this.#cells.find(attributes).value += value;
  }

  read(endTime: HrTime): MetricData {
    return {
      ...headOf(this.#cells.options),
      dataPointType: DataPointType.SUM,
      isMonotonic: this.#isMonotonic,
      dataPoints: this.#cells.points(endTime, ({ value }) => value),
    };
  }
}

class Buckets implements Histogram, Readable {
  readonly #boundaries: number[];
  readonly #cells: Cells<{ sum: number; count: number; readonly counts: number[] }>;

  constructor(options: CellOptions, startTime: HrTime, boundaries: readonly number[]) {
    this.#boundaries = [...boundaries];
    this.#cells = new Cells(options, startTime, () => {
      return { sum: 0, count: 0, counts: new Array(boundaries.length + 1).fill(0) };
    });
  }

  /** Does nothing for what is not a number, or less than 0. */
  record(value: number, attributes: Attributes = {}): void {
    // Written so that NaN, which is neither, is left out as well.
    if (!(value >= 0)) return;
    const cell = this.#cells.find(attributes);
    cell.sum += value;
    cell.count += 1;
    const { counts } = cell;
    const at = this.#indexOf(value);
    counts[at] = (counts[at] ?? 0) + 1;
  }

  /** @returns the index of the bucket: an edge belongs to the bucket below it */
  #indexOf(value: number): number {
    const boundaries = this.#boundaries;
    let at = 0;
    while (at < boundaries.length && value > (boundaries[at] as number)) at += 1;
    return at;
  }

  read(endTime: HrTime): MetricData {
    return {
      ...headOf(this.#cells.options),
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: this.#cells.points(endTime, ({ sum, count, counts }) => ({
        sum,
        count,
        buckets: { boundaries: this.#boundaries, counts: [...counts] },
      })),
    };
  }
}

/** Makes instruments, and reads them. */
export class CellInstruments {
  readonly #startTime: HrTime;
  readonly #all: Readable[] = [];

  /** @param startTime of every series */
  constructor(startTime: HrTime) {
    this.#startTime = startTime;
  }

  counter(options: CellOptions): Counter {
    return this.#keep(new Sum(options, this.#startTime, true));
  }

  upDownCounter(options: CellOptions): UpDownCounter {
    return this.#keep(new Sum(options, this.#startTime, false));
  }

  /** @param boundaries in rising order */
  histogram(options: CellOptions, boundaries: readonly number[]): Histogram {
    return this.#keep(new Buckets(options, this.#startTime, boundaries));
  }

  #keep<I extends Readable>(instrument: I): I {
    this.#all.push(instrument);
    return instrument;
  }

  /** @returns all that has been measured; an instrument without a series is left out, as the SDK leaves it out */
  read(endTime: HrTime): MetricData[] {
    return this.#all
      .map((instrument) => instrument.read(endTime))
      .filter(({ dataPoints }) => dataPoints.length > 0);
  }
}
