/** Asks Prometheus what the service has counted, by model. https://prometheus.io/docs/prometheus/latest/querying/api/ */
import { z } from 'zod';
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import type { Window } from './cost-report.ts';
import { getJson, ReadError } from './get-json.ts';

const FROM = 'Prometheus';
const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z
      .array(
        z.object({
          metric: z.object({ model: z.string() }),
          value: z.tuple([z.number(), z.string()]),
        }),
      )
      .max(10_000),
  }),
});

/**
 * @returns US dollars at list price by the label `model`
 * @throws {ReadError} also `no_series`: every instance has series at 0 from its start, so none was scraped
 */
export async function readCounted(
  prometheusUrl: string,
  { startMs, endMs }: Window,
): Promise<ReadonlyMap<string, number>> {
  const seconds = Math.round((endMs - startMs) / 1_000);
  const url = new URL(`${prometheusUrl}/api/v1/query`);
  url.searchParams.set('query', `sum by (model) (increase(${METRICS.cost.name}[${seconds}s]))`);
  url.searchParams.set('time', String(endMs / 1_000));
  const { data } = answer.safeParse(await getJson(FROM, url));
  if (!data) throw new ReadError('malformed', `${FROM} answered in another form`);
  if (data.data.result.length === 0) {
    throw new ReadError('no_series', `${FROM} has no ${METRICS.cost.name} of that time`);
  }
  const counted = data.data.result.map(
    ({ metric, value }) => [metric.model, Number(value[1])] as const,
  );
  if (counted.some(([, dollars]) => !Number.isFinite(dollars))) {
    throw new ReadError('malformed', `${FROM} answered with no number of dollars`);
  }
  return new Map(counted);
}
