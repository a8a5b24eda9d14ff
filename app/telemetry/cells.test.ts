/** Cells give what the SDK's own instruments give: the same text for the same measurements. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attributes } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { CellInstruments, type CellOptions } from './cells.ts';

const OPTIONS: CellOptions = {
  name: 'calls',
  unit: '{call}',
  help: 'Calls',
  labels: ['model', 'outcome'],
  maxSeries: 2_000,
};
const BOUNDARIES = [0.1, 0.5, 1];

class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** Both kinds of instruments, and what each shows, its lines in order. */
function both({ maxSeries = 2_000 } = {}) {
  const reader = new PullReader();
  const views = [{ instrumentName: '*', aggregationCardinalityLimit: maxSeries }];
  const meter = new MeterProvider({ readers: [reader], views }).getMeter('m');
  const advice = { explicitBucketBoundaries: BOUNDARIES };
  const sdk = {
    counter: meter.createCounter('calls', { unit: '{call}', description: 'Calls' }),
    upDown: meter.createUpDownCounter('open', { unit: '{call}', description: 'Calls' }),
    histogram: meter.createHistogram('seconds', { unit: '{call}', description: 'Calls', advice }),
  };
  const all = new CellInstruments([0, 0]);
  const cells = {
    counter: all.counter({ ...OPTIONS, maxSeries }),
    upDown: all.upDownCounter({ ...OPTIONS, name: 'open', maxSeries }),
    histogram: all.histogram({ ...OPTIONS, name: 'seconds', maxSeries }, BOUNDARIES),
  };
  const textOf = (metrics: ReturnType<typeof all.read>) => {
    const scopeMetrics = [{ scope: { name: 'm' }, metrics }];
    const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
    return serializer.serialize({ resource: emptyResource(), scopeMetrics }).split('\n').sort();
  };
  return {
    each(measure: (instruments: typeof sdk) => void): void {
      measure(sdk);
      measure(cells);
    },
    async texts() {
      const { resourceMetrics } = await reader.collect();
      const theirs = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
      return { sdk: textOf(theirs), cells: textOf(all.read([0, 0])) };
    },
  };
}

test('cells: counters, up-down counters and histograms show the same text as the SDK’s', async () => {
  const { each, texts } = both();
  const models = ['a', 'b "quoted"', 'c\\d', 'e\nf', ''];
  each(({ counter, upDown, histogram }) => {
    for (const [i, model] of models.entries()) {
      for (const outcome of ['success', 'timeout']) {
        counter.add(i, { model, outcome });
        counter.add(0.25, { model, outcome });
        upDown.add(1 - i, { model, outcome });
        for (const value of [0, 0.05, 0.1, 0.1000001, 0.5, 1, 1.5, 1e9]) {
          histogram.record(value * (i + 1), { model, outcome });
        }
      }
    }
  });
  const { sdk, cells } = await texts();
  assert(sdk.length > 60, `${sdk.length} lines`);
  assert.deepEqual(cells, sdk);
});

test('cells: a label that is absent is no label, and no attributes are a series too', async () => {
  const { each, texts } = both();
  each(({ counter, histogram }) => {
    counter.add(1);
    counter.add(1, {});
    counter.add(1, { model: 'a' });
    counter.add(1, { outcome: 'a' });
    counter.add(1, { model: 'a', outcome: 'x' });
    counter.add(1, { outcome: 'x', model: 'a' });
    histogram.record(1);
  });
  const { sdk, cells } = await texts();
  assert.deepEqual(cells, sdk);
  assert(cells.includes('calls_total{model="a",outcome="x"} 2'));
});

test('cells: NaN measures nothing, and neither does less than 0 of a counter or a histogram', async () => {
  const { each, texts } = both();
  each(({ counter, upDown, histogram }) => {
    counter.add(2, { model: 'a' });
    counter.add(-1, { model: 'a' });
    counter.add(-1, { model: 'never seen' });
    upDown.add(-3, { model: 'a' });
    histogram.record(0.2, { model: 'a' });
    histogram.record(-0.2, { model: 'a' });
    histogram.record(Number.NaN, { model: 'a' });
    histogram.record(Number.POSITIVE_INFINITY, { model: 'b' });
  });
  const { sdk, cells } = await texts();
  assert.deepEqual(cells, sdk);
});

test('cells: what is beyond the limit of series is counted as one, and nothing of it is lost', async () => {
  const { each, texts } = both({ maxSeries: 4 });
  each(({ counter, histogram }) => {
    for (let i = 0; i < 10; i++) {
      const labels: Attributes = { model: `m${i}`, outcome: 'success' };
      counter.add(1, labels);
      histogram.record(0.2, labels);
    }
    counter.add(5, { model: 'm0', outcome: 'success' });
  });
  const { sdk, cells } = await texts();
  assert.deepEqual(cells, sdk);
  assert(cells.includes('calls_total{otel_metric_overflow="true"} 7'), cells.join('\n'));
});

test('cells: an attribute that is no declared label is left out', () => {
  const all = new CellInstruments([0, 0]);
  const counter = all.counter(OPTIONS);
  counter.add(1, { model: 'a', prompt: 'of a caller' });
  counter.add(1, { model: 'a', prompt: 'of another' });
  const [metric] = all.read([0, 0]);
  assert.partialDeepStrictEqual(metric?.dataPoints, [{ attributes: { model: 'a' }, value: 2 }]);
  assert.deepEqual(Object.keys(metric?.dataPoints[0]?.attributes ?? {}), ['model']);
});

test('cells: what was read does not change with later measurements', () => {
  const all = new CellInstruments([0, 0]);
  const histogram = all.histogram(OPTIONS, BOUNDARIES);
  histogram.record(0.2);
  const before = all.read([0, 0]);
  const copy = structuredClone(before);
  histogram.record(0.2);
  assert.deepEqual(before, copy);
});
