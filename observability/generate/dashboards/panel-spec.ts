/** What a panel is, as plain data: where it stands, its identity and its JSON are computed from it. */

/** Beyond `value` is bad: red. Between `warning` and `value` is worth a look: orange. */
export interface Limit {
  readonly value: number;
  readonly bad: 'above' | 'below';
  readonly warning?: number;
}

export const above = (value: number, warning?: number): Limit => ({
  value,
  bad: 'above',
  ...(warning !== undefined && { warning }),
});
export const below = (value: number, warning?: number): Limit => ({
  value,
  bad: 'below',
  ...(warning !== undefined && { warning }),
});

/** An expression of PromQL. */
export interface Query {
  readonly expr: string;
  /** The names of its lines. */
  readonly legend: string;
  /** Whether the exemplars of the selected series are shown: each leads to its trace. */
  readonly exemplar?: true;
}

interface Common {
  readonly title: string;
  /** One or two plain sentences: what the panel shows, and how to judge it. */
  readonly description: string;
  /** Of the 24 columns of the grid; each kind of panel has its own default. */
  readonly width?: number;
  readonly height?: number;
}

/** Where a click on a value leads: to the traces or log lines behind it. */
interface Links {
  /** TraceQL; the labels of the value are `${__field.labels.name}`. */
  readonly traces?: string;
  /** LogQL. */
  readonly logs?: string;
}

interface Measured extends Common, Links {
  /** Grafana's name of the unit: `s`, `percentunit`, `reqps`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** What the panel says where there is no data, and so what that means. */
  readonly noValue?: string;
  readonly limit?: Limit;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
}

/** One number for each series, as it is now, coloured by the limit. */
export interface StatPanel extends Measured {
  readonly kind: 'stat';
  /** Words in place of values, with their colours. */
  readonly words?: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
  /** The same for every value from one on. */
  readonly wordsFrom?: { readonly from: number; readonly text: string; readonly color: string };
  /** Fills the panel with the colour, so that it is seen from afar. */
  readonly filled?: true;
}

/** Lines over time; the limit is a further line. */
export interface LinesPanel extends Measured {
  readonly kind: 'lines';
  /** Areas on top of each other, for parts of a whole. */
  readonly stacked?: true;
  /** For values over several powers of ten, which lines near zero would hide. */
  readonly logarithmic?: true;
}

/** A histogram's buckets over time: `expr` has the label `le`. */
export interface HeatmapPanel extends Common, Links {
  readonly kind: 'heatmap';
  /** Of the buckets' edges. */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly noValue?: string;
}

/** A line for each series, with its labels as columns. */
export interface TablePanel extends Measured {
  readonly kind: 'table';
  /** The labels that are shown, in order, with the columns' titles. */
  readonly columns: Readonly<Record<string, string>>;
  /** The title of the column with the value; without one it is hidden. */
  readonly value?: string;
  /** A page for each cell of a column: `${__value.raw}` is its text. */
  readonly pages?: { readonly column: string; readonly title: string; readonly url: string };
}

export interface TextPanel extends Common {
  readonly kind: 'text';
  readonly markdown: string;
}

export interface LogsPanel extends Common {
  readonly kind: 'logs';
  readonly logQL: string;
}

export interface TracesPanel extends Common {
  readonly kind: 'traces';
  readonly traceQL: string;
  readonly noValue: string;
}

export type PanelSpec =
  | StatPanel
  | LinesPanel
  | HeatmapPanel
  | TablePanel
  | TextPanel
  | LogsPanel
  | TracesPanel;

/** Panels under a heading, from left to right and then down. */
export interface RowSpec {
  /** The first row of a dashboard has none. */
  readonly title?: string;
  readonly panels: readonly PanelSpec[];
}
