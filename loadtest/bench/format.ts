/** How the page writes numbers and tables. */
import type { Spread } from './statistics.ts';

/** Three significant digits or so: more would be noise. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString('en-US');
  if (Number.isInteger(value)) return String(value);
  if (size < 0.01) return value.toPrecision(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** The median, and in brackets the least and the most of all rounds where they differ. */
export function withSpread(spread: Spread | undefined, unit = ''): string {
  if (!spread) return '–';
  const { median, least, most } = spread;
  const range = short(least) === short(most) ? '' : ` (${short(least)}–${short(most)})`;
  return `${short(median)}${unit && ` ${unit}`}${range}`;
}

export const medianOf = (spread: Spread | undefined): string =>
  spread ? short(spread.median) : '–';

export const inMB = (spread: Spread | undefined): string =>
  spread ? short(spread.median / 1e6) : '–';

/** A table of Markdown, not aligned. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
