/** Fills in the variables of a dashboard's expression, so that no value can become anything but a value. */
import type { Variable } from './dashboards.ts';
import { Refusal } from './refusal.ts';

/** The names that Grafana computes, in seconds. */
export interface Times {
  readonly rateIntervalS: number;
  readonly intervalS: number;
  readonly rangeS: number;
}

/** What a reader has chosen for each variable; none is all. */
export type Chosen = ReadonlyMap<string, readonly string[]>;

const MAX_VALUES = 20;
const MAX_LENGTH = 200;
const PREFIX = 'var-';

function isPrintable(value: string): boolean {
  return /^[^\p{Cc}\p{Cs}]+$/u.test(value);
}

/** @returns the values of `var-<name>` @throws {Refusal} for one that is no value of a label */
export function chosenOf(query: URLSearchParams, variables: readonly Variable[]): Chosen {
  const names = new Set(variables.map(({ name }) => name));
  const chosen = new Map<string, string[]>();
  for (const [key, value] of query) {
    if (!key.startsWith(PREFIX)) continue;
    const name = key.slice(PREFIX.length);
    const values = chosen.get(name) ?? [];
    if (!names.has(name)) throw new Refusal(400, 'The dashboard has no such variable.');
    if (value.length > MAX_LENGTH || !isPrintable(value) || values.length >= MAX_VALUES) {
      throw new Refusal(400, `That is no value of the variable ${name}.`);
    }
    chosen.set(name, [...values, value]);
  }
  return chosen;
}

/** As Grafana writes a value into a matcher by regular expression: it stands for itself alone. */
function asPattern(values: readonly string[]): string {
  const quoted = values.map((value) =>
    value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll(/["\\]/g, '\\$&'),
  );
  return quoted.length === 1 ? (quoted[0] ?? '') : `(${quoted.join('|')})`;
}

const USE = /\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g;

/** @returns the expression as Prometheus takes it @throws {Error} for a variable that nobody knows */
export function fillIn(
  expr: string,
  variables: readonly Variable[],
  chosen: Chosen,
  times: Times,
): string {
  const computed: Readonly<Record<string, string>> = {
    __rate_interval: `${times.rateIntervalS}s`,
    __interval: `${times.intervalS}s`,
    __range: `${times.rangeS}s`,
    __range_s: String(times.rangeS),
  };
  return expr.replaceAll(USE, (_, inBraces: string, plain: string) => {
    const name = inBraces ?? plain;
    const value = computed[name];
    if (value !== undefined) return value;
    const variable = variables.find((each) => each.name === name);
    if (!variable) throw new Error(`${name} is no variable of the dashboard`);
    const values = chosen.get(name) ?? [];
    return values.length === 0 ? (variable.allValue ?? '.+') : asPattern(values);
  });
}
