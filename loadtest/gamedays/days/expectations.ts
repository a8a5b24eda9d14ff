/** How game days write down what they expect: the alert, how soon in minutes of production, and with which labels. */
import { titleOf } from '../../../observability/generate/rules/wording.ts';
import type { OBJECTIVE_NAMES } from '../../../observability/slo.ts';
import { type Expectation, type Labels, NOBODY, PAGER, TICKETS } from '../game-day.ts';

type Objective = (typeof OBJECTIVE_NAMES)[number];
type Speed = 'Fast' | 'Medium' | 'Slow';

interface More extends Omit<Partial<Expectation>, 'alert' | 'to' | 'within'> {
  readonly labels?: Labels;
}

const ofThePack = (severity: string, labels?: Labels): Labels => ({
  ...{ severity, pack: 'claude-observatory' },
  ...labels,
});

/** An alert that wakes somebody. */
export function page(alert: string, within: number, { labels, ...more }: More = {}): Expectation {
  return { alert, to: PAGER, within, ...more, labels: ofThePack('page', labels) };
}

/** An alert that becomes a ticket. */
export function ticket(alert: string, within: number, { labels, ...more }: More = {}): Expectation {
  return { alert, to: TICKETS, within, ...more, labels: ofThePack('ticket', labels) };
}

/** An alert that only explains others. */
export function info(alert: string, within: number, labels?: Labels): Expectation {
  return { alert, to: NOBODY, within, labels: ofThePack('info', labels) };
}

/** The documented rule, which stands as it was published, without the label of the pack. */
export const highErrorRate = (within: number): Expectation => ({
  ...{ alert: 'HighClaudeErrorRate', to: NOBODY, within, labels: { severity: 'critical' } },
});

/** The names of an objective's burn rates. */
export const burns = (objective: Objective, ...speeds: readonly Speed[]): string[] =>
  speeds.map((speed) => `Claude${titleOf(objective)}Burn${speed}`);

const FASTER: Readonly<Record<Speed, readonly Speed[]>> = {
  Fast: [],
  Medium: ['Fast'],
  Slow: ['Fast', 'Medium'],
};

/** A burn rate, which only a faster one of its objective may silence. */
export function burn(objective: Objective, speed: Speed, within: number): Expectation {
  const [alert = ''] = burns(objective, speed);
  const make = speed === 'Slow' ? ticket : page;
  return make(alert, within, {
    labels: { objective, speed: speed.toLowerCase() },
    inhibitedBy: burns(objective, ...FASTER[speed]),
  });
}

/** The pages that an outage brings; tickets about its cause are silent while somebody is paged. */
export const OUTAGE_PAGES = ['AllCallsFailing', ...burns('availability', 'Fast', 'Medium')];
