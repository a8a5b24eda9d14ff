/** How game days write down what they expect: the alert, when in minutes of production, and with which labels. */
import { titleOf } from '../../../observability/generate/rules/wording.ts';
import type { OBJECTIVE_NAMES } from '../../../observability/slo.ts';
import { type Expectation, type Labels, NOBODY, PAGER, TICKETS } from '../game-day.ts';

export type Objective = (typeof OBJECTIVE_NAMES)[number];
type Speed = 'Fast' | 'Medium' | 'Slow' | 'Trickle';

export type Times = Pick<Expectation, 'notBefore' | 'within' | 'clearsWithin'>;

interface Asked extends Omit<Expectation, 'alert' | 'to' | 'labels'> {
  readonly labels?: Labels;
}

const ofThePack = (severity: string, labels?: Labels): Labels => ({
  severity,
  pack: 'claude-observatory',
  ...labels,
});

/** An alert that wakes somebody. */
export function page(alert: string, { labels, ...asked }: Asked): Expectation {
  return { alert, to: PAGER, ...asked, labels: ofThePack('page', labels) };
}

/** An alert that becomes a ticket. */
export function ticket(alert: string, { labels, ...asked }: Asked): Expectation {
  return { alert, to: TICKETS, ...asked, labels: ofThePack('ticket', labels) };
}

/** An alert that only explains others. */
export function info(alert: string, { labels, ...asked }: Asked): Expectation {
  return { alert, to: NOBODY, ...asked, labels: ofThePack('info', labels) };
}

/** The documented rule, which stands as it was published, without the label of the pack. It waits for ten minutes. */
export const HIGH_ERROR_RATE: Expectation = {
  alert: 'HighClaudeErrorRate',
  to: NOBODY,
  labels: { severity: 'critical' },
  notBefore: 10,
  within: 15,
  clearsWithin: 9,
};

/** The names of an objective's burn rates. */
export const burns = (objective: Objective, ...speeds: readonly Speed[]): string[] =>
  speeds.map((speed) => `Claude${titleOf(objective)}Burn${speed}`);

const FASTER = { Fast: [], Medium: ['Fast'], Slow: ['Fast', 'Medium'] } as const;

/** A burn rate, which each faster one of its objective has to silence, and no other alert may. */
export function burn(objective: Objective, speed: keyof typeof FASTER, times: Times): Expectation {
  const [alert = ''] = burns(objective, speed);
  const make = speed === 'Slow' ? ticket : page;
  return make(alert, {
    ...times,
    labels: { objective, speed: speed.toLowerCase() },
    ...(speed !== 'Fast' && {
      inhibitedBy: burns(objective, ...FASTER[speed]),
      silenced: 'by each',
    }),
  });
}

/** With every call bad, 7.2 % of an hour are so after four minutes and a third, and the rule waits for two. */
export const OUTAGE_BURNS = burn('availability', 'Fast', {
  notBefore: 5,
  within: 10,
  clearsWithin: 9,
});

/** The last success has to leave the window of half an hour. */
export const ALL_FAIL = page('AllCallsFailing', { notBefore: 30, within: 40, clearsWithin: 4 });

/** The pages that an outage brings; tickets about its cause are silent while somebody is paged. */
export const OUTAGE_PAGES = ['AllCallsFailing', ...burns('availability', 'Fast', 'Medium')];
