/** Matchers of the label `outcome`, for what the objectives count (docs/semantics.md). */
import { type Outcome, outcomesWhere } from '../../app/outcome.ts';

const isOneOf = (outcomes: readonly Outcome[]) => `outcome=~"${outcomes.join('|')}"`;
const isNoneOf = (outcomes: readonly Outcome[]) => `outcome!~"${outcomes.join('|')}"`;

const good = outcomesWhere(({ objective }) => objective === 'good');
const excluded = outcomesWhere(({ objective }) => objective === 'excluded');
const lateIsSlow = outcomesWhere(({ lateIsSlow }) => lateIsSlow === true);
const callersFault = excluded.filter((outcome) => !lateIsSlow.includes(outcome));

export const GOOD = isOneOf(good);
/** Good and bad calls: all that are not excluded. */
export const COUNTED = isNoneOf(excluded);
export const BAD = isNoneOf([...good, ...excluded]);
/** Calls that count as slow once they have lasted longer than the limit of the latency objective. */
export const LATE_IS_SLOW = isOneOf(lateIsSlow);
/** Calls that the latency objective looks at: the good ones, and those that may be slow. */
export const TIMED = isOneOf([...good, ...lateIsSlow]);
/** Calls whose callers got no answer though they made no mistake, those included that they gave up. */
export const UNANSWERED = isNoneOf([...good, ...callersFault]);
