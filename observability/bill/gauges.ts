/** The gauges of the reconciliation, in Prometheus' text format; docs/cost.md lists them. */
import type { Window } from './cost-report.ts';
import { READ_FAILURES, type ReadFailure } from './get-json.ts';
import type { Reconciliation } from './reconcile.ts';

/** What is known of the bill: what the last good read has found, and how often one failed. */
export interface BillState {
  readonly last:
    | { readonly atMs: number; readonly window: Window; readonly found: Reconciliation }
    | undefined;
  readonly failures: ReadonlyMap<ReadFailure, number>;
}

type Samples = readonly (readonly [labels: string, value: number])[];

interface Gauge {
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: (state: BillState) => Samples;
}

const byModel =
  (of: 'list' | 'charged' | 'counted') =>
  ({ last }: BillState): Samples =>
    [...(last?.found.models ?? [])].map(([model, cost]) => [labels('model', model), cost[of]]);

const once = (value: number | undefined): Samples => (value === undefined ? [] : [['', value]]);

/** Every gauge by its name. */
export const GAUGES = {
  claude_bill_list_dollars: {
    kind: 'gauge',
    help: 'List price in US dollars of the tokens and searches that were billed in the window',
    samples: byModel('list'),
  },
  claude_bill_charged_dollars: {
    kind: 'gauge',
    help: 'The same after discounts',
    samples: byModel('charged'),
  },
  claude_bill_counted_dollars: {
    kind: 'gauge',
    help: 'List price in US dollars of what the service has counted in the window',
    samples: byModel('counted'),
  },
  claude_bill_counted_ratio: {
    kind: 'gauge',
    help: 'Counted by billed dollars, both at list price; absent where nothing was billed',
    samples: ({ last }) => once(last?.found.ratio),
  },
  claude_bill_uncounted_dollars: {
    kind: 'gauge',
    help: 'List price in US dollars of what was billed and the service does not count',
    samples: ({ last }) =>
      [...(last?.found.uncounted ?? [])].map(([kind, dollars]) => [
        labels('cost_type', kind),
        dollars,
      ]),
  },
  claude_bill_window_start_timestamp_seconds: {
    kind: 'gauge',
    help: 'Start of the window that is compared',
    samples: ({ last }) => once(last && last.window.startMs / 1_000),
  },
  claude_bill_window_end_timestamp_seconds: {
    kind: 'gauge',
    help: 'End of the window that is compared',
    samples: ({ last }) => once(last && last.window.endMs / 1_000),
  },
  claude_bill_last_success_timestamp_seconds: {
    kind: 'gauge',
    help: 'When bill and Prometheus were last read; the gauges above are of that time',
    samples: ({ last }) => once(last && last.atMs / 1_000),
  },
  claude_bill_read_failures_total: {
    kind: 'counter',
    help: 'Reads that failed, by reason',
    samples: ({ failures }) =>
      READ_FAILURES.map((reason) => [labels('reason', reason), failures.get(reason) ?? 0]),
  },
} as const satisfies Record<string, Gauge>;

function labels(name: string, value: string): string {
  const escaped = value.replaceAll(/[\\"\n]/g, (character) =>
    character === '\n' ? '\\n' : `\\${character}`,
  );
  return `{${name}="${escaped}"}`;
}

/** @returns the text of a scrape */
export function gaugesText(state: BillState): string {
  return Object.entries<Gauge>(GAUGES)
    .flatMap(([name, { kind, help, samples }]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${kind}`,
      ...samples(state).map(([label, value]) => `${name}${label} ${value}`),
    ])
    .join('\n')
    .concat('\n');
}
