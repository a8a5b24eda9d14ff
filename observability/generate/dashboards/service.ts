/** The service itself: the requests it gets, the time it adds, and whether its process is well. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { type Profile, thresholds } from '../../slo.ts';
import type { DashboardSpec } from './dashboard.ts';
import { limitOf } from './limits.ts';
import { above, type PanelSpec, type RowSpec } from './panel-spec.ts';
import { buckets, highest, quantile, rate, series, sum } from './queries.ts';

const HTTP = 'http_server_request_duration';

const REQUESTS: RowSpec = {
  panels: [
    {
      kind: 'lines',
      title: 'Requests by status',
      description:
        'Every HTTP request that reached a route. 4xx are mistakes of callers, 503 is a call that was shed, other 5xx are failures.',
      unit: 'reqps',
      stacked: true,
      min: 0,
      queries: [
        {
          expr: rate(HTTP, ['http_response_status_code'], '', '_count'),
          legend: '{{http_response_status_code}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'P99 by operation',
      description:
        'From the arrival of a request to the end of its answer, by what it asks of the API. Requests by route have no buckets.',
      unit: 's',
      min: 0,
      queries: [{ expr: quantile(0.99, METRICS.duration, ['operation']), legend: '{{operation}}' }],
    },
    {
      kind: 'lines',
      title: 'Requests refused before a route',
      description:
        'Broken, oversized or misdirected requests. A few are the noise of the internet; a jump is a broken client or a probe.',
      unit: 'reqps',
      width: 8,
      min: 0,
      queries: [{ expr: rate(METRICS.refusedRequests, ['reason']), legend: '{{reason}}' }],
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Callers refused',
      description:
        'Calls beyond a quota of their caller, and requests without a valid token. Both are answered at once and cost no upstream anything.',
      unit: 'reqps',
      width: 8,
      min: 0,
      queries: [
        {
          expr: rate(METRICS.callerRefusals, ['caller', 'reason']),
          legend: '{{caller}}: {{reason}}',
        },
        { expr: rate(METRICS.unauthenticated), legend: 'no valid token' },
      ],
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Signatures and IDs',
      description:
        'Checked signatures by result, and correlation IDs that were no IDs and were replaced. `skewed` is a clock that is wrong.',
      unit: 'reqps',
      width: 8,
      min: 0,
      queries: [
        { expr: rate(METRICS.signatureChecks, ['result']), legend: 'signature {{result}}' },
        { expr: rate(METRICS.replacedIds), legend: 'ID replaced' },
      ],
      noValue: 'not scraped',
    },
  ],
};

function ownTime(profile: Profile): PanelSpec {
  const { overhead } = profile.objectives;
  return {
    kind: 'lines',
    title: 'Our own time in a call',
    description: `A call’s duration without the time in which it waited for an upstream, a back-off or a slow caller. 99 of 100 calls shall have less than ${overhead?.limitMs} ms of it.`,
    unit: 's',
    min: 0,
    queries: [
      { expr: quantile(0.5, METRICS.overhead), legend: 'median' },
      { expr: quantile(0.99, METRICS.overhead), legend: 'P99' },
    ],
    ...limitOf(profile, 'overhead'),
  };
}

const ADMISSION: readonly PanelSpec[] = [
  {
    kind: 'heatmap',
    title: 'Our own time in a call, all of them',
    description:
      'A second band above the usual one is work that only some calls cause, such as large bodies or pseudonyms.',
    unit: 's',
    queries: [{ expr: buckets(METRICS.overhead), legend: '{{le}}' }],
  },
  {
    kind: 'lines',
    title: 'Admission',
    description:
      'Calls that hold a slot, wait for one, or are in back-off, against their limits. A queue that does not empty ends in calls that are shed.',
    unit: 'short',
    min: 0,
    queries: [
      { expr: sum(METRICS.admission, ['state']), legend: '{{state}}' },
      { expr: sum(METRICS.admissionLimit, ['state']), legend: 'limit of {{state}}' },
    ],
    noValue: 'not scraped',
  },
  {
    kind: 'lines',
    title: 'Calls shed',
    description:
      'Calls a second that were refused at once because all slots and the queue were taken.',
    unit: 'reqps',
    min: 0,
    queries: [{ expr: rate(METRICS.requests.name, [], 'outcome="shed"'), legend: 'shed' }],
    noValue: 'not scraped',
  },
];

const PROCESS: RowSpec = {
  title: 'Process',
  panels: [
    {
      kind: 'lines',
      title: 'Event loop: P99 delay',
      description:
        'How late a timer fires that is due. Every call waits as long: something blocks the only thread.',
      unit: 's',
      width: 8,
      min: 0,
      queries: [
        { expr: highest('nodejs_eventloop_delay_p99', ['instance']), legend: '{{instance}}' },
      ],
      limit: above(thresholds.eventLoopDelaySeconds),
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Event loop: busy',
      description:
        'The share of time in which the thread works. At 1 it has no reserve: run more instances.',
      unit: 'percentunit',
      width: 8,
      min: 0,
      max: 1,
      queries: [
        { expr: highest('nodejs_eventloop_utilization', ['instance']), legend: '{{instance}}' },
      ],
      limit: above(0.9),
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Garbage collection',
      description:
        'The share of time in which collection stops the thread, by kind. More than a tenth for `major` means too small a heap.',
      unit: 'percentunit',
      width: 8,
      min: 0,
      queries: [
        {
          expr: rate('v8js_gc_duration', ['v8js_gc_type'], '', '_sum'),
          legend: '{{v8js_gc_type}}',
        },
      ],
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Memory against its limit',
      description:
        'The part of the limit that is in RAM. The kernel ends a process that reaches it, without a word in its log.',
      unit: 'percentunit',
      width: 8,
      min: 0,
      max: 1,
      queries: [
        {
          expr: `max by (instance) (${series(METRICS.residentMemory)} / ${series(METRICS.memoryLimit)})`,
          legend: '{{instance}}',
        },
      ],
      limit: above(thresholds.memoryUsedRatio),
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Heap',
      description:
        'Memory that JavaScript holds. A line that climbs for hours and never falls is a leak.',
      unit: 'bytes',
      width: 8,
      min: 0,
      queries: [{ expr: sum('v8js_memory_heap_used', ['instance']), legend: '{{instance}}' }],
      noValue: 'not scraped',
    },
    {
      kind: 'table',
      title: 'Instances',
      description:
        'Which version runs where. Two versions are a deploy in progress, or one that stopped half-way.',
      unit: 'short',
      width: 8,
      queries: [{ expr: series(METRICS.buildInfo), legend: '' }],
      columns: { instance: 'Instance', version: 'Version', node_version: 'Node.js' },
      noValue: 'not scraped',
    },
  ],
};

export function serviceDashboard(profile: Profile): DashboardSpec {
  const added = { title: 'What the service adds', panels: [ownTime(profile), ...ADMISSION] };
  return {
    uid: 'claude-service',
    title: 'Claude: service',
    description: 'Is the service itself well: its requests, the time it adds, its process?',
    from: 'now-1h',
    refresh: '30s',
    rows: [REQUESTS, added, PROCESS],
  };
}
