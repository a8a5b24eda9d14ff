/** Says how game days went: lines for the terminal, and the table of docs/gamedays.md. */
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import type { AlertResult, Result } from './play.ts';
import type { Tally } from './traffic.ts';
import { NOBODY } from './watch.ts';

/** A time in whole seconds here, and what it stands for in production. */
export function inBothTimes(ms: number): string {
  const minutes = Math.round((ms * GAME_DAY_SPEED.factor) / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const long = hours === 0 ? `${minutes} min` : `${hours} h${rest > 0 ? ` ${rest} min` : ''}`;
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s (${long})`;
}

/** What callers saw while the fault was on: `92.3 % good; 12 × 503`. */
export function callersSaw(calls: Tally): string {
  const { good = 0, ...bad } = calls;
  const all = Object.values(calls).reduce((sum, n) => sum + n, 0);
  if (all === 0) return 'no call ended';
  const others = Object.entries(bad)
    .toSorted(([, a], [, b]) => b - a)
    .map(([ending, n]) => `; ${n} × ${ending.replaceAll('_', ' ')}`);
  return `${((good / all) * 100).toFixed(1)} % good${others.join('')}`;
}

/** Who was told, or why nobody was. */
export function told({ receiver, toldAfterMs, inhibitedBy }: AlertResult): string {
  if (receiver === NOBODY) return 'nobody, by its route';
  const by = inhibitedBy.length > 0 ? `inhibited by ${inhibitedBy.join(', ')}` : '';
  if (toldAfterMs === undefined) return by || 'nobody';
  return `${receiver} after ${inBothTimes(toldAfterMs)}${by && `; ${by}`}`;
}

const timeOrNever = (ms: number | undefined) => (ms === undefined ? 'never' : inBothTimes(ms));

/** The lines of one game day for the terminal. */
export function linesOf({ day, calls, alerts, besides, problems }: Result): string[] {
  return [
    `  callers saw ${callersSaw(calls)}`,
    ...alerts.map(
      (alert) =>
        `  ${alert.alert}: fired after ${timeOrNever(alert.firedAfterMs)}; told: ${told(alert)}; cleared after ${timeOrNever(alert.clearedAfterMs)}`,
    ),
    ...(besides.length > 0 ? [`  besides, as may be: ${besides.join(', ')}`] : []),
    ...problems.map((problem) => `  ✖ ${problem}`),
    problems.length === 0 ? `✔ ${day.name}` : `✖ ${day.name}`,
  ];
}

const HEADS = [
  ...['game day', 'fault', 'callers saw', 'alert', 'fired after', 'told', 'cleared after'],
  ...['fired besides, as may be', 'should not have fired and did'],
];

/** A row for each alert; the day's own cells stand in its first row. */
function rowsOf({ day, calls, alerts, besides, unexpected }: Result): string[][] {
  const names = (list: readonly string[]) => list.join(', ') || 'none';
  return alerts.map((alert, i) => {
    const ofTheDay = [`\`${day.name}\``, day.fault, callersSaw(calls)];
    return [
      ...(i === 0 ? ofTheDay : ['', '', '']),
      alert.alert,
      timeOrNever(alert.firedAfterMs),
      told(alert),
      timeOrNever(alert.clearedAfterMs),
      ...(i === 0 ? [names(besides), names(unexpected)] : ['', '']),
    ];
  });
}

export function table(results: readonly Result[]): string {
  const rows = [HEADS, HEADS.map(() => '---'), ...results.flatMap(rowsOf)];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
