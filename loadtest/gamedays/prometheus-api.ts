/** What game days ask of Prometheus and Alertmanager. */

export interface ActiveAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly activeAt: string;
}

/** A series with its samples; times are in seconds since the epoch. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

interface Answer<T> {
  readonly status: string;
  readonly error?: string;
  readonly data: T;
}

/** A poll that hangs must not keep the watch from seeing what else there is. */
const POLL_TIMEOUT_MS = 2_000;
/** The history of every series of the service takes a busy machine its time. */
const QUERY_TIMEOUT_MS = 10_000;

async function ask<T>(url: string, timeoutMs: number): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  const { status, error, data } = (await response.json()) as Answer<T>;
  if (status !== 'success') throw new Error(`${url}: ${error}`);
  return data;
}

/** @throws {Error} when Prometheus does not answer */
export async function activeAlerts(prometheus: string): Promise<readonly ActiveAlert[]> {
  const { alerts } = await ask<{ alerts: ActiveAlert[] }>(
    `${prometheus}/api/v1/alerts`,
    POLL_TIMEOUT_MS,
  );
  return alerts;
}

/** An alerting rule as Prometheus has it. */
export interface RuleNow {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
  /** Its `for`, seconds. */
  readonly duration: number;
}

/** @throws {Error} when Prometheus does not answer */
export async function alertingRules(prometheus: string): Promise<readonly RuleNow[]> {
  const url = `${prometheus}/api/v1/rules?type=alert`;
  const { groups } = await ask<{ groups: { rules: RuleNow[] }[] }>(url, QUERY_TIMEOUT_MS);
  return groups.flatMap(({ rules }) => rules);
}

/** @returns how long each alert has to be active before it fires, milliseconds @throws {Error} as above */
export async function waitsOf(prometheus: string): Promise<ReadonlyMap<string, number>> {
  const rules = await alertingRules(prometheus);
  return new Map(rules.map(({ name, duration }) => [name, duration * 1_000]));
}

interface Vector {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** @returns a text for each series of an expression now, without the labels `job` and `instance` */
export async function valuesOf(prometheus: string, expr: string): Promise<string[]> {
  const query = `${prometheus}/api/v1/query?query=${encodeURIComponent(expr)}`;
  const data = await ask<{ resultType: string; result: unknown }>(query, QUERY_TIMEOUT_MS);
  if (data.resultType === 'scalar') return [(data.result as [number, string])[1]];
  return (data.result as Vector[]).map(({ metric, value }) => {
    const { __name__, job, instance, ...labels } = metric;
    return `${value[1]} ${JSON.stringify(labels)}`;
  });
}

/** @returns the raw samples of a range selector */
export async function samplesOf(prometheus: string, selector: string): Promise<readonly Series[]> {
  const query = `${prometheus}/api/v1/query?query=${encodeURIComponent(selector)}`;
  return (await ask<{ result: Series[] }>(query, QUERY_TIMEOUT_MS)).result;
}

export interface RoutedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly receivers: readonly { readonly name: string }[];
  /** The fingerprints of the alerts that silence it. */
  readonly status: { readonly inhibitedBy: readonly string[] };
}

/** @throws {Error} when Alertmanager does not answer */
export async function routedAlerts(alertmanager: string): Promise<readonly RoutedAlert[]> {
  const response = await fetch(`${alertmanager}/api/v2/alerts`, {
    signal: AbortSignal.timeout(POLL_TIMEOUT_MS),
  });
  return (await response.json()) as RoutedAlert[];
}
