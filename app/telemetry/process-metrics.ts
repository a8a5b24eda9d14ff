/** The metrics of this process and of the limits it runs under; the first three have their customary names. */
import type { MetricDefinition } from './metric-definition.ts';

export const PROCESS_METRICS = {
  processStart: {
    name: 'process_start_time_seconds',
    kind: 'observable_gauge',
    unit: 's',
    help: 'When the process started, seconds since the epoch',
    labels: {},
  },
  residentMemory: {
    name: 'process_resident_memory_bytes',
    kind: 'observable_gauge',
    unit: 'By',
    help: 'Memory of the process that is in RAM',
    labels: {},
  },
  memoryLimit: {
    name: 'claude_memory_limit_bytes',
    kind: 'observable_gauge',
    unit: 'By',
    help: 'Memory that the process may use: the limit of its container, else all of the machine',
    labels: {},
  },
  poolLimit: {
    name: 'claude_api_pool_connections_limit',
    kind: 'observable_gauge',
    unit: '{connection}',
    help: 'Most upstream connections that may be open at once: POOL_CONNECTIONS for each host of the upstreams; lists of batch results, which have connections of their own, count in neither metric',
    labels: {},
  },
  admissionLimit: {
    name: 'claude_api_admission_limit',
    kind: 'observable_gauge',
    unit: '{call}',
    help: 'Most calls that may hold a slot, and most new ones that may wait for one',
    labels: { state: ['active', 'queued'] },
  },
} as const satisfies Record<string, MetricDefinition>;
