/** The data sources of the dashboards: readers choose them above a dashboard, so it can be copied anywhere. */
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** The variables that hold data sources, with what the chooser is called. */
export const DATA_SOURCES = {
  datasource: { type: 'prometheus', label: 'Data Source' },
  tempo_datasource: { type: 'tempo', label: 'Tempo' },
  loki_datasource: { type: 'loki', label: 'Loki' },
} as const;

const ref = (name: keyof typeof DATA_SOURCES): DataSourceRef => ({
  type: DATA_SOURCES[name].type,
  uid: `\${${name}}`,
});

export const PROMETHEUS = ref('datasource');
export const TEMPO = ref('tempo_datasource');
export const LOKI = ref('loki_datasource');
