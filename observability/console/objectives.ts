/** The objectives of slo.ts with what is left of their budgets, by the series that the shipped rules record. */
import { OBJECTIVE_NAMES, type Objective, type ObjectiveName, slo } from '../slo.ts';
import type { Parts } from './ask.ts';
import { type QueryData, queryInstant } from './prometheus.ts';

const WORDS: Readonly<Record<ObjectiveName, string>> = {
  availability: 'calls succeed',
  latency: 'successful calls end',
  first_token: 'streams begin to be written',
  overhead: 'calls are held up by the service itself',
};

const percent = (share: number) => `${Number((share * 100).toFixed(3))} %`;

/** What is promised, as a sentence. */
function promise(name: ObjectiveName, { goodRatio, limitMs }: Objective): string {
  const limit = name === 'overhead' ? 'for less than' : 'within';
  return `${percent(goodRatio)} of ${WORDS[name]}${limitMs === undefined ? '' : ` ${limit} ${limitMs} ms`}`;
}

const valuesOf = ({ result }: QueryData) => result.map(({ value }) => Number(value?.[1]));

/** The smallest over all jobs, or undefined where nothing is known. */
const worst = (values: readonly number[], pick: (...values: number[]) => number) => {
  const known = values.filter(Number.isFinite);
  return known.length === 0 ? undefined : pick(...known);
};

/** @returns each objective: what is left of its budget as a share, and how fast the last hour burns it */
export function objectivesData(parts: Parts) {
  const { objectives } = slo.profiles.documented;
  return Promise.all(
    OBJECTIVE_NAMES.map(async (name) => {
      const objective: Objective = objectives[name];
      const [left, errors] = await Promise.all([
        queryInstant(parts, `job:claude_${name}:budget_left30d`),
        queryInstant(parts, `job:claude_${name}:error_ratio_rate1h`),
      ]);
      const errorRatio = worst(valuesOf(errors), Math.max);
      return {
        name,
        promise: promise(name, objective),
        budgetLeft: worst(valuesOf(left), Math.min),
        burn: errorRatio === undefined ? undefined : errorRatio / (1 - objective.goodRatio),
      };
    }),
  );
}
