/** For tests: reads what a service shows on `/metrics` as numbers. */

/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Labels = Readonly<Record<string, string>>;

/** The samples of one scrape. */
export class Scrape {
  readonly samples: readonly Sample[];

  constructor(text: string) {
    this.samples = text.split('\n').flatMap((line) => {
      const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!found) return [];
      const [, name = '', labels = '', value] = found;
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      const entries = pairs.map(([, label = '', text = '']) => [label, text]);
      return [{ name, labels: Object.fromEntries(entries), value: Number(value) }];
    });
  }

  /** The sum of a metric's samples that have these labels; 0 where there are none. */
  sum(name: string, labels: Labels = {}): number {
    return this.#of(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The sums by one label, without those that are 0. */
  by(label: string, name: string, labels: Labels = {}): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const sample of this.#of(name, labels)) {
      const key = sample.labels[label] ?? '';
      if (sample.value !== 0) sums[key] = (sums[key] ?? 0) + sample.value;
    }
    return sums;
  }

  #of(name: string, labels: Labels): readonly Sample[] {
    const wanted = Object.entries(labels);
    return this.samples.filter(
      (sample) => sample.name === name && wanted.every(([k, v]) => sample.labels[k] === v),
    );
  }
}

export async function scrape(metricsUrl: string): Promise<Scrape> {
  return new Scrape(await (await fetch(metricsUrl)).text());
}
