/** The alerts on causes: what may be wrong when users suffer, and what will make them suffer next. */
import type { Alert } from './alert.ts';
import { ANSWER_CAUSES } from './causes/answers.ts';
import { CAPACITY_CAUSES } from './causes/capacity.ts';
import { COST_CAUSES, COST_RECORDINGS } from './causes/cost.ts';
import { KEY_CAUSES } from './causes/keys.ts';
import { TELEMETRY_CAUSES } from './causes/telemetry.ts';
import { UPSTREAM_CAUSES } from './causes/upstream.ts';
import type { RuleFile, RuleGroup } from './write.ts';

const ABOUT = `What may be wrong when users suffer, and what will make them suffer next. Windows hold at least four scrapes
of up to a minute, and shares have a least number of events, so that a single failure at night says nothing.`;

/** Windows of hours and days move little in a minute. */
const SLOW = '1m';

const GROUPS: readonly RuleGroup[] = [
  { name: 'claude_upstreams', rules: UPSTREAM_CAUSES },
  { name: 'claude_keys', rules: KEY_CAUSES },
  { name: 'claude_capacity', rules: CAPACITY_CAUSES },
  { name: 'claude_answers', interval: SLOW, rules: ANSWER_CAUSES },
  { name: 'claude_cost', interval: SLOW, rules: [...COST_RECORDINGS, ...COST_CAUSES] },
  { name: 'claude_telemetry', rules: TELEMETRY_CAUSES },
];

/** Every alert on a cause, in the order of the file. */
export const CAUSES: readonly Alert[] = GROUPS.flatMap(({ rules }) =>
  rules.filter((rule): rule is Alert => 'alert' in rule),
);

/** The alerts on causes; no profile changes them. */
export const CAUSE_RULES: RuleFile = { about: ABOUT, kind: 'cause', groups: GROUPS };
