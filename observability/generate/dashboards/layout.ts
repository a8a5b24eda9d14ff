/** Places the panels of a dashboard on Grafana's grid, and numbers them. */
import type { GridPos } from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelSpec, RowSpec } from './panel-spec.ts';

/** Columns of the grid. */
const COLUMNS = 24;

type Size = readonly [width: number, height: number];
const SIZES: Readonly<Record<PanelSpec['kind'], Size>> = {
  stat: [6, 4],
  lines: [12, 8],
  heatmap: [12, 8],
  table: [24, 8],
  text: [24, 4],
  logs: [24, 12],
  traces: [24, 7],
};

/** A panel or the heading of a row, with its number and its place. */
export interface Placed {
  readonly id: number;
  readonly at: GridPos;
  readonly what: PanelSpec | { readonly kind: 'heading'; readonly title: string };
}

/**
 * Panels stand side by side while they fit into the columns, then below the highest of their line.
 * @throws {RangeError} when a panel is wider than the grid
 */
export function place(rows: readonly RowSpec[]): Placed[] {
  const placed: Placed[] = [];
  let [x, y, bottom] = [0, 0, 0];
  const put = (what: Placed['what'], width: number, height: number) => {
    if (width > COLUMNS) throw new RangeError(`${what.title}: wider than ${COLUMNS} columns`);
    if (x + width > COLUMNS) [x, y] = [0, bottom];
    placed.push({ id: placed.length + 1, at: { x, y, w: width, h: height }, what });
    x += width;
    bottom = Math.max(bottom, y + height);
  };
  for (const { title, panels } of rows) {
    [x, y] = [0, bottom];
    if (title !== undefined) put({ kind: 'heading', title }, COLUMNS, 1);
    for (const panel of panels) {
      const [width, height] = SIZES[panel.kind];
      put(panel, panel.width ?? width, panel.height ?? height);
    }
  }
  return placed;
}
