/** The options of the manifests that run a scenario on Kubernetes. */
import { instanceOf } from '../k6/instances.ts';
import { type Env, type LoadSettings, readLoadSettings } from '../scenarios/settings.ts';

export interface ManifestOptions {
  readonly settings: LoadSettings;
  /** RATE and DURATION as they were given, and ALLOW_PAID_LOAD; k6 reads them itself. */
  readonly given: Readonly<Record<string, string>>;
  /** How many instances of k6 make the load together. */
  readonly parallelism: number;
  readonly namespace: string;
  /** The Secret that has the callers' tokens under the key `token`; undefined where the service asks for none. */
  readonly tokenSecret: string | undefined;
  /** Where results go by remote write; undefined keeps them in the pods' logs. */
  readonly remoteWriteUrl: string | undefined;
}

export type ManifestOptionsResult =
  | { readonly ok: true; readonly options: ManifestOptions }
  | { readonly ok: false; readonly problems: readonly string[] };

const DEFAULT_PARALLELISM = '4';
/** What a name of Kubernetes may be: a label of RFC 1123. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const HTTP = /^https?:\/\/[^\s@'"]+$/;

/** What the script reads in the pods; the rest of them the manifest has from elsewhere. */
const PASSED_ON = ['RATE', 'DURATION', 'ALLOW_PAID_LOAD'] as const;

/**
 * Reads the options of a load test, of which TARGET must be given, and PARALLELISM, NAMESPACE, TOKEN_SECRET and
 * REMOTE_WRITE. A TOKEN itself is refused: it would stand in the manifest.
 */
export function readManifestOptions(env: Env): ManifestOptionsResult {
  const read = readLoadSettings({ ...env, TOKEN: undefined });
  const problems: string[] = read.ok ? [] : [...read.problems];
  const checked = (key: string, isGood: (text: string) => boolean, allowed: string) => {
    const text = env[key] || undefined;
    if (text !== undefined && !isGood(text)) problems.push(`${key}: must be ${allowed}`);
    return text;
  };
  const namespace = checked('NAMESPACE', isName, 'a name of Kubernetes') ?? 'default';
  const tokenSecret = checked('TOKEN_SECRET', isName, 'the name of a Secret');
  const remoteWriteUrl = checked('REMOTE_WRITE', isHttpUrl, 'an http or https URL');
  if (!env['TARGET']) problems.push('TARGET: must be given, as the pods see the service');
  if (env['TOKEN']) problems.push('TOKEN: put it into a Secret, and name that as TOKEN_SECRET');
  const parallelism = env['PARALLELISM'] || DEFAULT_PARALLELISM;
  if (read.ok) problems.push(...parallelismProblems(read.settings, parallelism));
  if (!read.ok || problems.length > 0) return { ok: false, problems };
  const given = PASSED_ON.flatMap((key) => (env[key] ? [[key, env[key]] as const] : []));
  const { settings } = read;
  const more = { namespace, tokenSecret, remoteWriteUrl, parallelism: Number(parallelism) };
  return { ok: true, options: { settings, given: Object.fromEntries(given), ...more } };
}

function isName(text: string): boolean {
  return NAME.test(text);
}

/** It may have a query, as that of the service may not. */
function isHttpUrl(text: string): boolean {
  return HTTP.test(text) && URL.canParse(text);
}

function parallelismProblems({ scenario }: LoadSettings, parallelism: string): string[] {
  try {
    instanceOf(scenario, parallelism);
    return [];
  } catch (error) {
    return [(error as Error).message.replace('INSTANCES', 'PARALLELISM')];
  }
}
