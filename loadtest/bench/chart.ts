/** The chart of the page: throughput as a share of the limit, as an SVG that is readable on light and on dark. */
import { Figures, ofSeries } from './figures.ts';
import { short } from './format.ts';
import type { Result, SubjectFacts } from './result.ts';
import { LIMIT } from './subjects.ts';

const ROW = 30;
const TOP = 44;
const LABELS = 470;
const BARS = 420;
const WIDTH = LABELS + BARS + 90;

/** Colours that have contrast on GitHub's light and dark backgrounds. */
const STYLE = `
  text { font: 14px system-ui, sans-serif; fill: #1f2328; }
  .quiet { fill: #59636e; font-size: 12px; }
  .limit { fill: #818b98; } .ours { fill: #0969da; } .client { fill: #bc4c00; } .gateway { fill: #8250df; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .quiet { fill: #9198a1; }
    .limit { fill: #9198a1; } .ours { fill: #4493f8; } .client { fill: #db6d28; } .gateway { fill: #ab7df8; }
    .spread { stroke: #f0f6fc; }
  }`;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string) => text.replace(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign);
const round = (value: number) => Number(value.toFixed(1));

interface Bar extends SubjectFacts {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

function bar({ label, kind, median, least, most }: Bar, i: number, scale: number): string {
  const y = TOP + i * ROW;
  const end = LABELS + median * scale;
  const middle = y + 10;
  const text = escaped(label.replaceAll('`', ''));
  return [
    `<text x="${LABELS - 10}" y="${y + 15}" text-anchor="end">${text}</text>`,
    `<rect class="${kind}" x="${LABELS}" y="${y}" width="${round(Math.max(1, median * scale))}" height="20" rx="3"/>`,
    `<line class="spread" x1="${round(LABELS + least * scale)}" y1="${middle}" x2="${round(LABELS + most * scale)}" y2="${middle}"/>`,
    `<text x="${round(Math.max(end, LABELS + most * scale) + 8)}" y="${y + 15}">${short(median)}</text>`,
  ].join('\n');
}

/** Subjects without this figure have no bar; the page says why. */
export function chart(result: Result): string {
  const figures = new Figures(result);
  const bars = result.subjects.flatMap((subject) => {
    const ratio = figures.ratio(subject.name, LIMIT, ofSeries('c32', 'perSecond'));
    return ratio ? [{ ...subject, ...ratio }] : [];
  });
  const scale = BARS / Math.max(1, ...bars.map(({ most }) => most));
  const height = TOP + bars.length * ROW + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">Requests per second with 32 connections, as a share of Express with undici.request alone</title>
<style>${STYLE}
</style>
<text x="16" y="24">Requests per second with 32 connections, as a share of the limit</text>
${bars.map((one, i) => bar(one, i, scale)).join('\n')}
<text class="quiet" x="16" y="${height - 10}">Bars are medians, lines go from the least to the most of all rounds. ${result.date.slice(0, 10)}, ${escaped(result.machine.cpu)}</text>
</svg>
`;
}
