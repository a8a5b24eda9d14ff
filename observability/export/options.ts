/** What `make export` is asked for: read from its environment, checked before anything is written. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../local/paths.ts';
import { type ProfileName, slo } from '../slo.ts';

export interface ExportOptions {
  readonly profile: ProfileName;
  /** The Kubernetes namespace of the manifests. */
  readonly namespace: string;
  /** The namespace of the service's pods, if it is another. */
  readonly appNamespace?: string;
  /** Labels of the manifests that somebody's Prometheus Operator selects by. */
  readonly labels: Readonly<Record<string, string>>;
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

const namespace = text(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  'must be a name of Kubernetes: lower-case letters, digits and dashes, 63 characters at most',
);

/** One label, as Kubernetes allows it, with an optional prefix of a domain. */
const NAME = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const LABEL = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}=${NAME}`;

const environment = z.object({
  PROFILE: z.preprocess(
    (value) => value || undefined,
    z.enum(PROFILES, { error: `must be one of ${PROFILES.join(', ')}` }).default('production'),
  ),
  NAMESPACE: namespace,
  APP_NAMESPACE: namespace,
  LABELS: text(
    new RegExp(`^${LABEL}(?:,${LABEL})*$`),
    'must be labels of Kubernetes, such as release=prometheus,team=a',
  ),
  JOB: text(
    new RegExp(`^(?!(?:${slo.jobs.stack})$)[A-Za-z0-9]([-A-Za-z0-9_./:]{0,126}[A-Za-z0-9])?$`),
    'must be a job of Prometheus: letters, digits and -_./: between them, 128 characters at most, and not that of the stack',
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
    APP_NAMESPACE,
    LABELS,
    NAMESPACE = 'monitoring',
    JOB = slo.jobs.service,
    DATASOURCE,
    OUT = 'export',
  } = data;
  return {
    options: {
      profile: PROFILE,
      namespace: NAMESPACE,
      ...(APP_NAMESPACE !== undefined && { appNamespace: APP_NAMESPACE }),
      labels: Object.fromEntries(
        (LABELS ?? '')
          .split(',')
          .filter(Boolean)
          .map((l) => l.split('=')),
      ),
      job: JOB,
      ...(DATASOURCE !== undefined && { datasource: DATASOURCE }),
      folder: resolve(ROOT, OUT),
    },
  };
}
