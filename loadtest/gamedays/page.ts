/** The text of docs/gamedays.md around its table. */
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import { titleOf } from './alert-result.ts';
import { CLOCK } from './clock.ts';
import { type Companion, PAGER, TICKETS, TOLD_WITHIN } from './game-day.ts';
import type { Kept } from './kept.ts';
import { LATE_MS } from './lateness.ts';
import type { Origin } from './origin.ts';
import { table, triesThatDoNotCount } from './report.ts';
import type { Result } from './result.ts';
import { UNPLAYED } from './unplayed.ts';

/** A game day that was won, with what it took in this run. */
export interface Entry extends Pick<Kept, 'seconds' | 'losses'> {
  readonly result: Result;
}

const { factor, scrapeMs, evaluationMs } = GAME_DAY_SPEED;

const list = (entries: Iterable<readonly [string, string]>) =>
  [...entries].map(([name, text]) => `- **${name}**: ${text}`).join('\n');

const COMPANIONS = 'An alert under *fired besides* is one of these:';

/** Whether a companion is one of those that fired, which have their labels where others of the name are expected. */
const isAmong = (besides: readonly string[], { alert, labels = {} }: Companion) =>
  besides.some(
    (shown) =>
      shown.split('{')[0] === alert &&
      Object.entries(labels).every(([label, value]) => shown.includes(`${label}="${value}"`)),
  );

function companions(results: readonly Result[]): string {
  const all = results.flatMap(({ day, besides }) =>
    (day.companions ?? [])
      .filter((companion) => isAmong(besides, companion))
      .map(({ alert, labels = {}, because }) => {
        return [`${titleOf({ alert, labels })}, ${day.name}`, because] as const;
      }),
  );
  return all.length === 0 ? '' : `\n${COMPANIONS}\n\n${list(all)}\n`;
}

function tries(results: readonly Result[]): string {
  const lines = triesThatDoNotCount(results);
  return lines.length === 0 ? '' : `\nThese tries do not count:\n\n${lines.join('\n')}\n`;
}

const HOW = `## How a game day goes

1. The simulator, the service, Alertmanager, the webhook and Prometheus start on free ports, and calls come all the time.
2. **Healthy history is laid in.** Prometheus scrapes the service until it is warm and no call was bad for some seconds,
   and stops. What it saw is extended backwards: counters rise as fast as they do now, gauges stay, and the five-minute
   recordings that rules read over days get their present value for 12 hours, which stand for a month. \`promtool\` makes
   blocks of it, and Prometheus starts on them. So a burn rate of 14.4 has to be earned against an hour of good calls.
3. Nothing may fire, or be about to, for five seconds, except the Watchdog, and its heartbeat must have reached the webhook.
4. The fault comes, and calls go on. The real Prometheus is watched until the expected alerts fire, each with the labels
   that the day names and between the times that it allows, and the real Alertmanager until each has been told to the
   receiver that the day names: a page within ${TOLD_WITHIN[PAGER]} minutes and a ticket within ${TOLD_WITHIN[TICKETS]}, unless the day says otherwise.
   One may be silent because another silences it, if the day says so and that other has itself been told, and then the
   time counts from the end of that. Some have to be silenced, or the day is lost: inhibition that is gone would tell
   people too much. A day with a page has to page somebody.
5. The fault stays 15 seconds more, and 45 in all at least, so that an alert has to go on firing, and one that should not
   fire has its time: a \`for\` of half an hour is 30 seconds here.
6. The fault goes. Each has to clear within its time, whoever was told must be told of that, and for five seconds more
   none may fire again.

Any alert outside the set loses the day, except the companions that it lists with their reason. A companion wakes nobody
unless the day says that it may. A few days have a background: what is compared with the past (refusals, invalid requests) goes a little wrong in the history too.

A day that is lost, or finds no steady state, while the machine was too busy to keep time is played again, twice at
most, and the page lists the tries that do not count. Too busy is what EventLoopLagging calls so of the service: for
five seconds, five minutes of production, the 99th percentile of the runner's own timers was more than ${LATE_MS} ms late.

**What this proves.** Game days prove the wiring: that the service makes these series when something breaks, that the rule
sees them, that Alertmanager tells the right receiver, and how long it takes. Most faults are far above a threshold,
so they say little of where it lies; the mutants of the rules do that (\`make check-rules\`).`;

const COMPRESSED = `## What is compressed

\`observability/generate/rules/compress.ts\` divides every duration of the shipped files by ${factor}: windows, offsets, steps
of subqueries, \`for\`, \`keep_firing_for\`, the intervals of groups, and Alertmanager's waits. Thresholds, comparisons,
labels and names stay. Prometheus scrapes every ${scrapeMs} ms and evaluates every ${evaluationMs} ms; a window of fewer than four scrapes,
or a wait of fewer than four evaluations, is refused, and the error names the rule. A \`for\` of one minute is one second, which
is four evaluations and two scrapes.

- **Rates and counts.** A rate is per real second. Multiplied by a window’s seconds it gives what production’s window would
  hold: 20 calls a second count as 72,000 an hour, and one in three minutes as 20, so that the guards which keep burn
  rates silent at night are left to promtool. \`increase()\` counts the calls that were made, so its guards are
  harder to pass here than in production.
- **The service's own times** (back-off, circuits) are shortened where an alert waits for them; time limits and
  the latency objective are not. Times that depend on these limits are marked in the table. After a reload Prometheus takes five real seconds to
  find Alertmanager again.
- **The brackets** are the time multiplied by ${factor}. A scrape every ${scrapeMs} ms stands for one every ${(scrapeMs * factor) / 1_000} seconds, and an
  evaluation for one every ${(evaluationMs * factor) / 1_000} seconds; the shipped configuration does both every 5 seconds (and scrapes the stack's own
  programs every 15), so there an alert comes up to a minute earlier than the brackets say.

\`time()\`, days and dollars do not run faster. Of the alerts that do sums with them:

${list(Object.entries(CLOCK))}`;

function losses(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ result, losses: all }) =>
    all.map((loss) => `- \`${result.day.name}\`: ${loss}`),
  );
  if (lines.length === 0) return '';
  return `\nThese were lost first, as they were defined then, and won when the run was taken up again:\n\n${lines.join('\n')}\n`;
}

/** @returns the page of a run of every game day */
export function page(entries: readonly Entry[], { commit, date }: Origin): string {
  const results = entries.map(({ result }) => result);
  const seconds = entries.reduce((sum, each) => sum + each.seconds, 0);
  const of = commit === undefined ? '' : `, of commit ${commit}`;
  return `# Game days

This page shows what was broken, who was told of it, when, and when it cleared. It was
written by \`make gameday\` on ${date}${of}, which played all ${results.length} game days in ${Math.round(seconds / 60)} minutes. Each breaks something
in a stack of its own and watches who is told. Times are those of one machine, in compressed time and, in brackets,
multiplied by ${factor}, which is roughly what production would show.

${HOW}

${COMPRESSED}

## The table

${table(results)}
${companions(results)}${tries(results)}${losses(entries)}
## Alerts without a game day

promtool's cases (\`make check-rules\`) prove these, as they prove those above.

${list(Object.entries(UNPLAYED))}
`;
}
