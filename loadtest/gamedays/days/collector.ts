/** Game days of the collector: it is gone, its backends are, or it is too small. */
import { EXPORTERS, set } from '../commands.ts';
import type { GameDay } from '../game-day.ts';
import { EVERYDAY } from '../traffic.ts';
import { ticket } from './expectations.ts';
import { mayFire } from './injected.ts';

/** Small queues and short waits in the service, so that what cannot be sent is felt at once. */
const impatient = () => ({
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
  OTEL_BSP_MAX_QUEUE_SIZE: '64',
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '32',
  OTEL_BSP_SCHEDULE_DELAY: '500',
  OTEL_BLRP_MAX_QUEUE_SIZE: '64',
  OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '32',
  OTEL_BLRP_SCHEDULE_DELAY: '500',
});

/** Its queues hold seconds and not minutes, and what is as old as that is given up. */
const IMPATIENT = EXPORTERS.flatMap((exporter) => [
  set(`${exporter}::timeout`, '1s'),
  set(`${exporter}::retry_on_failure::enabled`, 'false'),
  set(
    `${exporter}::sending_queue`,
    '{sizer: items, queue_size: 400, num_consumers: 1, batch: {flush_timeout: 50ms, min_size: 1, max_size: 10}}',
  ),
]);

const TRACES = 60;

export const COLLECTOR_DAYS: readonly GameDay[] = [
  {
    name: 'collector_down',
    fault: 'the collector is killed',
    settings: impatient,
    collector: [],
    async on({ collector }) {
      await collector?.program.stop('SIGKILL');
      return () => collector?.program.start();
    },
    expected: [
      ticket('ServiceTelemetryDropped', { notBefore: 5, within: 10, clearsWithin: 28 }),
      ticket('ScrapeTargetDown', {
        notBefore: 5,
        within: 8,
        clearsWithin: 6,
        labels: { component: 'collector' },
      }),
    ],
  },
  {
    name: 'backends_silent',
    fault: 'the collector’s backends take connections and answer nothing',
    settings: impatient,
    collector: IMPATIENT,
    on({ backend }) {
      backend?.fallSilent();
      return () => backend?.recover();
    },
    expected: [
      ticket('CollectorTelemetryDropped', { notBefore: 5, within: 11, clearsWithin: 28 }),
      ticket('CollectorTelemetryRefused', {
        notBefore: 10,
        within: 26,
        clearsWithin: 28,
        labels: { receiver: 'otlp' },
      }),
      ticket('CollectorQueueFilling', { notBefore: 9, within: 19, clearsWithin: 5 }),
    ],
    companions: mayFire(
      'what the collector refuses the service gives up',
      'ServiceTelemetryDropped',
    ),
  },
  {
    name: 'collector_too_small',
    fault: `three times the calls come, and the collector holds ${TRACES} traces at once`,
    settings: () => ({ OTEL_BSP_SCHEDULE_DELAY: '200' }),
    collector: [set('processors::tail_sampling::num_traces', TRACES)],
    on({ traffic }) {
      traffic.make(EVERYDAY.map((shape) => ({ ...shape, perSecond: 30 })));
      return () => traffic.make(EVERYDAY);
    },
    expected: [
      ticket('CollectorTracesDroppedEarly', { notBefore: 5, within: 10, clearsWithin: 30 }),
    ],
  },
];
