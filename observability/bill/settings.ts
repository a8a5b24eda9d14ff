/** The settings of the reconciliation with the bill, BILL_* of the environment (docs/cost.md). */
import { readFileSync } from 'node:fs';
import { BlockList, isIPv4 } from 'node:net';
import { z } from 'zod';

export interface BillSettings {
  /** Of the organisation's Admin API; it goes into one header, and nowhere else. */
  readonly adminKey: string;
  /** Base URLs, with any path that precedes `/v1` or `/api`, and without a slash at the end. */
  readonly apiUrl: string;
  readonly prometheusUrl: string;
  /** Length of the window that is compared, and how long ago it ends: the report comes late. */
  readonly hours: number;
  readonly lagHours: number;
  /** Only what was billed to these; empty for the whole organisation. */
  readonly workspaceIds: readonly string[];
  readonly apiKeyIds: readonly string[];
  /** Where the gauges are served; without a port they are printed once. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Names the settings that are wrong, and no value of them. */
export class BillSettingsError extends Error {}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');

/** The key opens the organisation's account: it crosses no network in the clear. */
function isSafe(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  const isLocal =
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    (isIPv4(hostname) && loopback.check(hostname, 'ipv4'));
  return protocol === 'https:' || isLocal;
}

/** A base URL, to which a path is added. */
const url = z
  .url({ protocol: /^https?$/ })
  .refine((text) => !/[?#]/.test(text), 'must have no query')
  .refine((text) => new URL(text).username === '', 'must not contain a user or password')
  .transform((text) => text.replace(/\/$/, ''));
const ids = z
  .string()
  .default('')
  .transform((text) => text.split(',').filter((id) => id !== ''))
  .pipe(z.array(z.string().regex(/^[A-Za-z0-9_-]{1,100}$/)));

const schema = z.object({
  BILL_ADMIN_KEY: z.string().optional(),
  BILL_ADMIN_KEY_FILE: z.string().optional(),
  BILL_API_URL: url
    .refine((text) => isSafe(text), 'must be https, or a loopback address')
    .default('https://api.anthropic.com'),
  BILL_PROMETHEUS_URL: url.default('http://127.0.0.1:9090'),
  // The report spans 31 days at most.
  BILL_HOURS: z.coerce.number().int().min(1).max(744).default(24),
  BILL_LAG_HOURS: z.coerce.number().int().min(0).max(168).default(6),
  BILL_WORKSPACE_IDS: ids,
  BILL_API_KEY_IDS: ids,
  BILL_HOST: z.string().default('127.0.0.1'),
  BILL_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
});

/** @param environment an empty value counts as not set @throws {BillSettingsError} */
export function readBillSettings(
  environment: Readonly<Record<string, string | undefined>>,
): BillSettings {
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const { data, error } = schema.safeParse(Object.fromEntries(given));
  if (!data) {
    const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new BillSettingsError(problems.join('\n'));
  }
  return {
    adminKey: keyOf(data),
    apiUrl: data.BILL_API_URL,
    prometheusUrl: data.BILL_PROMETHEUS_URL,
    hours: data.BILL_HOURS,
    lagHours: data.BILL_LAG_HOURS,
    workspaceIds: data.BILL_WORKSPACE_IDS,
    apiKeyIds: data.BILL_API_KEY_IDS,
    host: data.BILL_HOST,
    port: data.BILL_PORT,
  };
}

function keyOf({ BILL_ADMIN_KEY: key, BILL_ADMIN_KEY_FILE: file }: z.infer<typeof schema>): string {
  const text = (key ?? (file === undefined ? undefined : contentOf(file)))?.trim();
  if (!text) {
    throw new BillSettingsError(
      'BILL_ADMIN_KEY or BILL_ADMIN_KEY_FILE: must be set; the bill is not read without it',
    );
  }
  // `fetch` would quote any other in its error.
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new BillSettingsError('the admin key is not printable ASCII');
  return text;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new BillSettingsError('BILL_ADMIN_KEY_FILE: cannot be read');
  }
}
