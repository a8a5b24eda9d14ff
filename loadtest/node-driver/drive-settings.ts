/** Reads the settings of the smoke load from an environment, in k6 as in Node. */

/** The settings of one run. */
export interface LoadSettings {
  /** The service's base URL, without a slash at its end. */
  readonly baseUrl: string;
  /** Calls of each type (complete, streaming), already limited by `paidCalls`. */
  readonly callsPerType: number;
  /** Calls in flight at once. k6 ignores it, because it works with an arrival rate. */
  readonly concurrency: number;
  /** Maximum number of calls to an upstream that is not the simulator; without it none is allowed. */
  readonly paidCalls?: number;
}

/** Either the settings, or one line for each bad key, without its value. */
export type SettingsResult =
  | { readonly ok: true; readonly settings: LoadSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

// k6 has no URL class. Credentials (`user:secret@`) are refused because the URL gets printed.
const BASE_URL = /^https?:\/\/[A-Za-z0-9.[\]:_-]+(\/[A-Za-z0-9._~/-]*)?$/;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads BASE_URL, CALLS (of each type), CONCURRENCY and ALLOW_PAID_LOAD (maximum number of calls).
 * An empty value counts as not set.
 */
export function readLoadSettings(env: Env): SettingsResult {
  const problems: string[] = [];
  const baseUrl = env['BASE_URL'] || 'http://127.0.0.1:8080';
  if (!BASE_URL.test(baseUrl)) problems.push('BASE_URL: must be a plain http(s) URL');
  const calls = wholeNumber(env, 'CALLS', 1, 1_000_000, problems) ?? 1000;
  const concurrency = wholeNumber(env, 'CONCURRENCY', 1, 1000, problems) ?? 10;
  const paidCalls = wholeNumber(env, 'ALLOW_PAID_LOAD', 2, 1_000_000, problems);
  if (problems.length > 0) return { ok: false, problems };
  const base = { baseUrl: baseUrl.replace(/\/+$/, ''), concurrency };
  if (paidCalls === undefined) return { ok: true, settings: { ...base, callsPerType: calls } };
  const callsPerType = Math.min(calls, Math.floor(paidCalls / 2));
  return { ok: true, settings: { ...base, callsPerType, paidCalls } };
}

function wholeNumber(env: Env, key: string, min: number, max: number, problems: string[]) {
  const text = env[key];
  if (text === undefined || text === '') return undefined;
  const value = /^[0-9]{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  problems.push(`${key}: must be a whole number from ${min} to ${max}`);
  return undefined;
}
