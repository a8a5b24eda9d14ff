/** What `make export` is asked for: read from its environment, checked before anything is written. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../local/paths.ts';
import { type ProfileName, slo } from '../slo.ts';

export interface ExportOptions {
  readonly profile: ProfileName;
  /** The Kubernetes namespace of the manifests. */
  readonly namespace: string;
  /** The label `job` of the service's series. */
  readonly job: string;
  /** The uid of the Prometheus data source that dashboards open with; undefined leaves the choice to Grafana. */
  readonly datasource?: string;
  /** The folder to write, absolute. */
  readonly folder: string;
}

const PROFILES = Object.keys(slo.profiles) as [ProfileName, ...ProfileName[]];

// An empty variable is one that is not set.
const text = (pattern: RegExp, words: string) =>
  z.preprocess((value) => value || undefined, z.string().regex(pattern, words).optional());

const environment = z.object({
  PROFILE: z.preprocess(
    (value) => value || undefined,
    z.enum(PROFILES, { error: `must be one of ${PROFILES.join(', ')}` }).default('production'),
  ),
  NAMESPACE: text(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    'must be a name of Kubernetes: lower-case letters, digits and dashes, 63 characters at most',
  ),
  JOB: text(
    /^[A-Za-z0-9]([-A-Za-z0-9_./:]{0,126}[A-Za-z0-9])?$/,
    'must be a job of Prometheus: letters, digits and -_./: between them, 128 characters at most',
  ),
  DATASOURCE: text(
    /^[A-Za-z0-9_-]{1,40}$/,
    'must be the uid of a data source: letters, digits, - and _, 40 characters at most',
  ),
  OUT: text(/^[^\0]+$/, 'must be a path'),
});

/**
 * @param env as `make` passes it on
 * @returns the options, or every problem in words
 */
export function readExportOptions(
  env: Readonly<Record<string, string | undefined>>,
): { readonly options: ExportOptions } | { readonly problems: readonly string[] } {
  const { success, data, error } = environment.safeParse(env);
  if (!success) {
    return { problems: error.issues.map(({ path, message }) => `${path.join('.')} ${message}`) };
  }
  const {
    PROFILE,
    NAMESPACE = 'monitoring',
    JOB = slo.jobs.service,
    DATASOURCE,
    OUT = 'export',
  } = data;
  return {
    options: {
      profile: PROFILE,
      namespace: NAMESPACE,
      job: JOB,
      ...(DATASOURCE !== undefined && { datasource: DATASOURCE }),
      folder: resolve(ROOT, OUT),
    },
  };
}
