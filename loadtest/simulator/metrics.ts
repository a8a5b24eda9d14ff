/** The simulator's own metrics: dashboards mark with them what was broken on purpose, and when. */
import type { SimulatorState } from './state.ts';

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** @returns the text of `/metrics`: a series for each kind of fault that is switched on, and the spans that were lost */
export function metricsText({ faults, spans }: Pick<SimulatorState, 'faults' | 'spans'>): string {
  const kinds = new Set(
    faults.list().map(({ kind, region = 'all' }) => JSON.stringify([kind, region])),
  );
  const series = [...kinds].map((each) => {
    const [kind = '', region = ''] = (JSON.parse(each) as string[]).map(escaped);
    return `simulator_fault_active{kind="${kind}",region="${region}"} 1`;
  });
  return [
    '# HELP simulator_fault_active 1 while a fault is switched on; absent otherwise.',
    '# TYPE simulator_fault_active gauge',
    ...series,
    ...(spans ? droppedSpans(spans.dropped) : []),
    '',
  ].join('\n');
}

function droppedSpans(dropped: number): readonly string[] {
  return [
    "# HELP simulator_spans_dropped_total Claude's own spans that no collector has accepted.",
    '# TYPE simulator_spans_dropped_total counter',
    `simulator_spans_dropped_total ${dropped}`,
  ];
}
