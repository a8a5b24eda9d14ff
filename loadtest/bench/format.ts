/** How the page writes numbers and tables. */
import type { Spread } from './statistics.ts';

/** Three significant digits or so: more would be noise. */
export function short(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return size >= 10_000
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(Number.isInteger(value) && size > 0 ? 0 : digits);
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
