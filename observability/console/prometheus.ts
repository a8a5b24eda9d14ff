/** Asks the local Prometheus by its HTTP API. https://prometheus.io/docs/prometheus/latest/querying/api/ */
import { askJson, type Parts } from './ask.ts';
import { Refusal } from './refusal.ts';

/** A vector, or a matrix: series with a value, or with values over time. */
export interface QueryData {
  readonly resultType: string;
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
  }[];
}

/** A range of time, in seconds since 1970 and seconds. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

interface Answer {
  readonly status?: string;
  readonly data?: unknown;
  readonly error?: string;
}

/** @throws {Refusal} when Prometheus is not there or refuses */
export async function askPrometheus(
  parts: Parts,
  path: string,
  form?: Readonly<Record<string, string>>,
): Promise<unknown> {
  const init = form && { method: 'POST', body: new URLSearchParams(form) };
  const { body } = await askJson(parts, 'prometheus', `/api/v1${path}`, init);
  const { status, data, error } = (body ?? {}) as Answer;
  if (status !== 'success') {
    throw new Refusal(502, `Prometheus refuses: ${String(error ?? 'it does not say why')}`);
  }
  return data;
}

export async function queryInstant(parts: Parts, query: string): Promise<QueryData> {
  return (await askPrometheus(parts, '/query', { query })) as QueryData;
}

export async function queryRange(parts: Parts, query: string, range: Range): Promise<QueryData> {
  const { start, end, step } = range;
  const form = { query, start: String(start), end: String(end), step: String(step) };
  return (await askPrometheus(parts, '/query_range', form)) as QueryData;
}
