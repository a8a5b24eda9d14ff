/** Says how game days went: lines for the terminal, and the table of docs/gamedays.md. */
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import type { AlertResult } from './alert-result.ts';
import { NOBODY } from './game-day.ts';
import type { Result } from './result.ts';
import type { Tally } from './traffic.ts';

/** A time in whole seconds here, and what it stands for in production. */
export function inBothTimes(ms: number): string {
  const minutes = Math.round((ms * GAME_DAY_SPEED.factor) / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const short = minutes === 0 ? '< 1 min' : `${minutes} min`;
  const long = hours === 0 ? short : `${hours} h${rest > 0 ? ` ${rest} min` : ''}`;
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s (${long})`;
}

/** What callers saw while the fault was on: `92.3 % good; 12 × 503`. Calls that had not ended are not in the share. */
export function callersSaw(calls: Tally, waiting = 0): string {
  const { good = 0, ...bad } = calls;
  const all = Object.values(calls).reduce((sum, n) => sum + n, 0);
  const still = waiting > 0 ? `; ${waiting} still waiting` : '';
  if (all === 0) return `no call ended${still}`;
  const others = Object.entries(bad)
    .toSorted(([, a], [, b]) => b - a)
    .map(([ending, n]) => `; ${n} × ${ending.replaceAll('_', ' ')}`);
  return `${((good / all) * 100).toFixed(1)} % good${others.join('')}${still}`;
}

/** A time that is not compressed stands for itself, and a cell of its row says why. */
const realOrBoth = (ms: number, inRealTime: string | undefined) =>
  inRealTime ? `${(ms / 1_000).toFixed(0)} s` : inBothTimes(ms);

/** Who was told, or why nobody was. */
export function told({
  receiver,
  toldAfterMs,
  inhibitedBy,
  untold,
  inRealTime: { fired },
}: AlertResult): string {
  if (receiver === NOBODY) return 'nobody, by its route';
  const by = inhibitedBy.length > 0 ? `inhibited by ${inhibitedBy.join(', ')}` : '';
  if (toldAfterMs === undefined) return by || (untold ? `nobody: ${untold}` : 'nobody');
  return `${receiver} after ${realOrBoth(toldAfterMs, fired)}${by && `; ${by}`}`;
}

/** A time, or that it is one of the service's or the fault's own, which stands for itself. */
function time(ms: number | undefined, inRealTime: string | undefined): string {
  if (ms === undefined) return 'never';
  const shown = realOrBoth(ms, inRealTime);
  return inRealTime ? `${shown} (not compressed: ${inRealTime})` : shown;
}

/** What the fault was, and again if it had to be played again. */
const timesPlayed = ({ earlier }: Result) =>
  earlier.length > 0 ? ` (played ${earlier.length + 1} times)` : '';

/** The lines of one game day for the terminal. */
export function linesOf({ day, calls, waiting, alerts, besides, problems }: Result): string[] {
  const lineOf = (result: AlertResult) => {
    const { fired, cleared } = result.inRealTime;
    return [
      `  ${result.alert}: fired after ${time(result.firedAfterMs, fired)}`,
      ...(result.firings > 1 ? [`began to fire ${result.firings} times`] : []),
      `told: ${told(result)}`,
      `cleared after ${time(result.clearedAfterMs, cleared)}`,
    ].join('; ');
  };
  return [
    `  callers saw ${callersSaw(calls, waiting)}`,
    ...alerts.map(lineOf),
    ...(besides.length > 0 ? [`  besides, as may be: ${besides.join(', ')}`] : []),
    ...problems.map((problem) => `  ✖ ${problem}`),
    problems.length === 0 ? `✔ ${day.name}` : `✖ ${day.name}`,
  ];
}

const HEADS = [
  ...['game day', 'fault', 'callers saw', 'alert', 'fired after', 'allowed', 'told'],
  ...['cleared after', 'fired besides, as may be', 'should not have fired and did'],
];

/** A row for each alert; the day's own cells stand in its first row. */
function rowsOf(result: Result): string[][] {
  const { day, calls, waiting, alerts, besides, unexpected } = result;
  const names = (list: readonly string[]) => list.join(', ') || 'none';
  return alerts.map((alert, i) => {
    const saw = callersSaw(calls, waiting);
    const ofTheDay = [`\`${day.name}\``, `${day.fault}${timesPlayed(result)}`, saw];
    return [
      ...(i === 0 ? ofTheDay : ['', '', '']),
      alert.alert,
      time(alert.firedAfterMs, alert.inRealTime.fired),
      realOrBoth(alert.allowedMs, alert.inRealTime.fired),
      told(alert),
      time(alert.clearedAfterMs, alert.inRealTime.cleared),
      ...(i === 0 ? [names(besides), names(unexpected)] : ['', '']),
    ];
  });
}

export function table(results: readonly Result[]): string {
  const rows = [HEADS, HEADS.map(() => '---'), ...results.flatMap(rowsOf)];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The tries that do not count, each with its problems, so that an alert that fired without a fault is not forgotten. */
export function triesThatDoNotCount(results: readonly Result[]): string[] {
  return results.flatMap(({ day, earlier }) =>
    earlier.map(({ problems, latenessMs }) => {
      const heads = problems.map((problem) => problem.split('\n')[0]);
      return `- \`${day.name}\`, with timers ${Math.round(latenessMs)} ms late: ${heads.join('; ')}`;
    }),
  );
}
