/** What metrics say of the keys: state, age, limits left, and how their sources are. */
import { type Attributes, ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type GaugeMetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { type KeyOwner, ownerLabels } from '../keys/key-owner.ts';
import type { KeyView } from '../keys/key-pool.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Read } from '../keys/refresher.ts';
import type { Logger } from './logger.ts';
import { type Instruments, METRICS, type MetricDefinition } from './metric-catalogue.ts';
import { KEY_STATES } from './vocabulary.ts';

type Point = readonly [value: number, labels: Attributes];

/** What a key has to say to each of the metrics. */
const POINTS: Readonly<
  Record<
    'keyState' | 'keyAge' | 'rateLimitRemaining' | 'rateLimitMax',
    (view: KeyView, nowMs: number) => readonly Point[]
  >
> = {
  keyState: ({ state: is }) => KEY_STATES.map((state) => [Number(state === is), { state }]),
  keyAge: ({ sinceMs }, nowMs) => [[(nowMs - sinceMs) / 1000, {}]],
  rateLimitRemaining: ({ limits }, nowMs) =>
    [...limits].map(([family, { limit, remaining, resetAtMs }]) => [
      nowMs >= resetAtMs ? limit : remaining,
      { family },
    ]),
  rateLimitMax: ({ limits }) => [...limits].map(([family, { limit }]) => [limit, { family }]),
};

/**
 * The keys that `store` has at each scrape, and no others: an observable gauge of the SDK would go on with
 * the last value of every key that ever was, until its series are used up.
 * @param now milliseconds since the epoch
 */
export function createKeyProducer(store: KeyStore, now: () => number): MetricProducer {
  return {
    async collect() {
      const nowMs = now();
      const metrics = Object.entries(POINTS).map(([name, pointsOf]) => {
        const points = keysOf(store).flatMap(({ owner, view }) =>
          pointsOf(view, nowMs).map(
            ([value, labels]): Point => [
              value,
              { ...ownerLabels(owner), key: view.alias, ...labels },
            ],
          ),
        );
        return gauge(METRICS[name as keyof typeof POINTS], points, nowMs);
      });
      const scope = { name: 'claude-observatory' };
      const resource = resourceFromAttributes({});
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] };
    },
  };
}

/** One of each alias: several may retire under the same. */
function keysOf(store: KeyStore): readonly { owner: KeyOwner; view: KeyView }[] {
  return store.pools().flatMap(({ owner, pool }) => {
    const byAlias = new Map(pool.view().map((view) => [view.alias, view]));
    return [...byAlias.values()].map((view) => ({ owner, view }));
  });
}

function gauge(
  { name, help, unit }: MetricDefinition,
  points: readonly Point[],
  nowMs: number,
): GaugeMetricData {
  const endTime: [number, number] = [Math.floor(nowMs / 1000), (nowMs % 1000) * 1_000_000];
  return {
    descriptor: { name, description: help, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: points.map(([value, attributes]) => ({
      attributes,
      value,
      startTime: endTime,
      endTime,
    })),
  };
}

/** Counts a read of a source; says a failure, and when it is over. */
export function createReadObserver(
  instruments: Instruments,
  logger: Logger,
): (owner: KeyOwner, read: Read) => void {
  const down = new Set<string>();
  return (owner, read) => {
    const { source } = read;
    const labels = ownerLabels(owner);
    const who = `${labels.upstream} ${labels.caller} ${source}`;
    instruments.keySourceUp.record(Number(read.ok), labels);
    if (!read.ok) {
      const { failure: reason, error } = read;
      instruments.keySourceFailures.add(1, { ...labels, reason });
      logger.error({ ...labels, source, reason, problem: error.message }, 'keys could not be read');
      down.add(who);
      return;
    }
    if (read.changed) {
      instruments.keyRotations.add(1, labels);
      logger.info({ ...labels, source }, 'keys have changed');
    }
    if (down.delete(who)) logger.info({ ...labels, source }, 'keys can be read again');
  };
}
