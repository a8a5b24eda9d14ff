/** The report of a run as one HTML file, which needs nothing from any network. k6 writes a report of its own. */

import { slo } from '../observability/slo.ts';
import { Html, html } from './html.ts';
import type { NotableCall, Row, Summary } from './scenarios/summary.ts';

const { limitMs } = slo.profiles.documented.objectives.latency;

const VERDICTS = {
  passed: 'Passed',
  missed: 'Missed: a threshold was not met',
  inconclusive: 'Inconclusive: this run says nothing about the service',
} as const;

const STYLE = new Html(`
  :root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --odd: #9a6700; }
  @media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --odd: #d29922; } }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin-bottom: 0; }
  h2 { font-size: 1.1rem; margin-top: 2rem; }
  table { border-collapse: collapse; }
  div { overflow-x: auto; }
  th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid #8c959f55; white-space: nowrap; }
  th:first-child, td:first-child { text-align: left; }
  td.text { text-align: left; }
  .verdict { font-weight: 600; font-size: 1.2rem; }
  .passed, .ok { color: var(--good); } .missed { color: var(--bad); } .inconclusive { color: var(--odd); }
  code { font: 13px ui-monospace, monospace; }
  svg { display: block; height: 1rem; width: 16rem; }
  svg rect { fill: currentColor; opacity: .35; } svg line { stroke: var(--bad); stroke-width: 2; }
`);

/** @returns a whole page */
export function htmlReport(summary: Summary): string {
  const { scenario, question, target, started, seconds, driver, verdict } = summary;
  const { text } = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${scenario}: ${verdict}</title>
<style>${STYLE}</style>
<h1>${question}</h1>
<p>${scenario} against <code>${target}</code> by ${driver}, ${started}, ${seconds.toFixed(0)} s</p>
<p class="verdict ${verdict}">${VERDICTS[verdict]}</p>
${breakpoint(summary)}
${summary.bottlenecks.map((why) => html`<p class="inconclusive">${why}</p>`)}
<h2>Thresholds</h2>${thresholds(summary)}
<h2>Phases</h2>${figures('Phase', summary.phases)}
<h2>Calls by their type</h2>${figures('Type', summary.kinds)}
<h2>The driver itself</h2>
${ownFigures(summary)}
<h2>Slowest calls</h2>${calls(summary.slowest)}
<h2>Failed calls</h2>${calls(summary.failed)}
</html>
`;
  return text;
}

function ownFigures({ driverLag, driverLoop }: Summary): Html {
  const lag = html`<p>Half of the calls began within ${shown(driverLag.p50Ms)} ms of the time at which they were due, and
99 % of them within ${shown(driverLag.p99Ms)} ms.</p>`;
  if (!driverLoop) return lag;
  const { busy, lateP99Ms } = driverLoop;
  return html`${lag}<p>Its event loop was busy for ${share(busy)} of the time, and 99 % of its timers fired no more than
${shown(lateP99Ms)} ms late.</p>`;
}

function breakpoint({ breakpoint: found }: Summary): Html {
  if (!found) return html``;
  const { perSecond, isLowerBound } = found;
  return isLowerBound
    ? html`<p>Both targets hold at ${perSecond} calls a second, and perhaps beyond.</p>`
    : html`<p>Both targets hold up to ${perSecond} calls a second.</p>`;
}

function table(head: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html`<p>None.</p>`;
  return html`<div><table><tr>${head.map((title) => html`<th>${title}</th>`)}</tr>
${rows.map((row) => html`<tr>${row}</tr>\n`)}</table></div>`;
}

function thresholds({ thresholds: all, driver }: Summary): Html {
  const rows = all.map(({ metric, condition, value, ok, notReached }) => {
    const name = html`<td><code>${metric}</code></td><td class="text"><code>${condition}</code></td>`;
    const result = html`<td>${value ?? 'no value'}</td>`;
    const open = notReached ? 'not reached' : `not measured by ${driver}`;
    if (ok === null) return html`${name}${result}<td class="text">${open}</td>`;
    const [kind, word] = ok ? (['ok', 'ok'] as const) : (['missed', 'missed'] as const);
    return html`${name}${result}<td class="text ${kind}">${word}</td>`;
  });
  return table(['Metric', 'Condition', 'Value', ''], rows);
}

const FIGURES = ['Calls', 'Calls/s', 'Success', 'Answered', 'P50 ms', 'P90 ms', 'P99 ms'] as const;
const STREAMS = ['Text P99', 'Gap P99', 'Dropped', ''] as const;

function figures(title: string, rows: readonly Row[]): Html {
  // The line of the objective shall not be the edge.
  const longest = 1.05 * Math.max(limitMs, ...rows.map(({ p99Ms }) => p99Ms ?? 0));
  return table(
    [title, ...FIGURES, ...STREAMS],
    rows.map((row) => {
      const { name, calls: made, perSecond, success, answered, dropped } = row;
      const times = [row.p50Ms, row.p90Ms, row.p99Ms, row.firstTextP99Ms, row.longestGapP99Ms];
      return html`<td>${name}</td><td>${made}</td><td>${perSecond.toFixed(1)}</td><td>${share(success)}</td><td>${share(answered)}</td>
${times.map((ms) => html`<td>${shown(ms)}</td>`)}<td>${dropped ?? ''}</td><td>${bar(row, longest)}</td>`;
    }),
  );
}

/** P50, P90 and P99 from the darkest to the lightest, and a line where the objective is. */
function bar({ p50Ms, p90Ms, p99Ms }: Row, longest: number): Html {
  const at = (ms: number | null) => ((100 * (ms ?? 0)) / longest).toFixed(2);
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="P50 ${shown(p50Ms)}, P90 ${shown(p90Ms)}, P99 ${shown(p99Ms)} ms">
${[p50Ms, p90Ms, p99Ms].map((ms) => html`<rect y="2" height="6" width="${at(ms)}"/>`)}<line x1="${at(limitMs)}" x2="${at(limitMs)}" y1="0" y2="10"/></svg>`;
}

function calls(list: readonly NotableCall[]): Html {
  const rows = list.map(
    ({ id, kind, phase, durationMs, reason, trace }) =>
      html`<td><code>${id}</code></td><td class="text">${phase}</td><td class="text">${kind}</td><td>${shown(durationMs)}</td>
<td class="text">${reason ?? ''}</td><td class="text">${trace === undefined ? '' : traceLink(trace)}</td>`,
  );
  return table(['Correlation ID', 'Phase', 'Type', 'ms', 'Reason', 'Trace'], rows);
}

/** A URL becomes a link; a command is shown. */
function traceLink(trace: string): Html {
  return /^https?:\/\//.test(trace)
    ? html`<a href="${trace}">trace</a>`
    : html`<code>${trace}</code>`;
}

function shown(ms: number | null): string {
  return ms === null ? '–' : ms.toFixed(ms < 10 ? 1 : 0);
}

function share(part: number | null): string {
  return part === null ? '–' : `${(100 * part).toFixed(2)} %`;
}
