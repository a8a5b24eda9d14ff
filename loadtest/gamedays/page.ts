/** The text of docs/gamedays.md around its table. */
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import { CLOCK } from './clock.ts';
import type { Result } from './play.ts';
import { table } from './report.ts';
import { UNPLAYED } from './unplayed.ts';

const { factor, scrapeMs, evaluationMs } = GAME_DAY_SPEED;

const list = (entries: Iterable<readonly [string, string]>) =>
  [...entries].map(([name, text]) => `- **${name}**: ${text}`).join('\n');

const COMPANIONS = 'An alert under *fired besides* is one of these:';

function companions(results: readonly Result[]): string {
  const all = results.flatMap(({ day, besides }) =>
    (day.companions ?? [])
      .filter(({ alert }) => besides.includes(alert))
      .map(({ alert, because }) => [`${alert}, ${day.name}`, because] as const),
  );
  return all.length === 0 ? '' : `\n${COMPANIONS}\n\n${list(all)}\n`;
}

const HOW = `## How a game day goes

1. The simulator, the service, Alertmanager, the webhook and Prometheus start on free ports, and calls come all the time.
2. **Healthy history is laid in.** Prometheus scrapes the service until it is warm and no call was bad for some seconds,
   and stops. What it saw is extended backwards: counters rise as fast as they do now, gauges stay, and the five-minute
   recordings that rules read over days get their present value for 12 hours, a month when compressed. \`promtool\` makes
   blocks of it, and Prometheus starts on them. So a burn rate of 14.4 has to be earned against an hour of good calls.
3. Nothing but the Watchdog may fire, or be about to, for five seconds, and its heartbeat must have reached the webhook.
4. The fault comes, and calls go on. The real Prometheus is watched until the expected alerts fire, and the real
   Alertmanager until each has been told to the webhook, is inhibited by another, or goes to nobody by its route.
5. The fault goes. Each has to clear, and whoever was told must be told of that. An alert outside the set is a lost day.

A day that is lost while the machine was too busy to keep time (its own timers were late by more than EventLoopLagging
tolerates of the service) is played again, twice at most.`;

const COMPRESSED = `## What is compressed

\`observability/generate/rules/compress.ts\` divides every duration of the shipped files by ${factor}: windows, offsets, steps
of subqueries, \`for\`, \`keep_firing_for\`, the intervals of groups, and Alertmanager's waits. Thresholds, comparisons,
labels and names stay. Prometheus scrapes every ${scrapeMs} ms and evaluates every ${evaluationMs} ms; a window of fewer than four scrapes,
or a wait of fewer than four evaluations, is refused by the name of its rule.

- **Rates and counts.** A rate is one by the real second, and \`rate × seconds\` is what the hour would have held: 20 calls a
  second for a minute count as the 72,000 of an hour. \`increase()\` counts the calls that were made, so its guards are
  harder to pass here than in production.
- **The service's own times** (back-off, circuits) are shortened where an alert waits for them; time limits and
  the latency objective are not. A rejected key is tried again after its own half minute, whatever the rules do.

\`time()\`, days and dollars do not run faster. Of the alerts that do sums with them:

${list(Object.entries(CLOCK))}`;

/** @returns the page of a run of every game day */
export function page(results: readonly Result[], seconds: number): string {
  return `# Game days

Written by \`make gameday\`, which played all of ${results.length} game days in ${Math.round(seconds / 60)} minutes. Each breaks something
in a stack of its own and watches who is told. Times are those of one machine, in compressed time and, in brackets,
multiplied by ${factor}, as production has them.

${HOW}

${COMPRESSED}

## The table

${table(results)}
${companions(results)}
## Alerts without a game day

promtool's cases (\`make check-rules\`) prove these, and the history of the ones above too.

${list(Object.entries(UNPLAYED))}
`;
}
