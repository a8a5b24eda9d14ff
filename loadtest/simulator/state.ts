/** The state of a simulator: its routes read it, and its admin routes change it. */
import { BatchStore } from './batches.ts';
import { Bill } from './bill.ts';
import { FaultSet } from './faults.ts';
import type { ProfileName } from './latency.ts';
import type { DaysLeft } from './models.ts';
import { RateLimits } from './rate-limits.ts';
import { RequestLog } from './request-log.ts';
import { SpanExport } from './span-export.ts';
import { PromptCache } from './usage.ts';

/**
 * Who may use the admin routes. `anyone` is for a container whose port is published on loopback
 * only: its peers never come from the container's own loopback.
 */
export const ADMIN_ACCESS = ['loopback', 'anyone'] as const;
export type AdminAccess = (typeof ADMIN_ACCESS)[number];

export interface SimulatorState {
  /** API keys that are accepted. */
  keys: ReadonlySet<string>;
  profile: ProfileName;
  readonly adminAccess: AdminAccess;
  readonly faults: FaultSet;
  daysLeft: DaysLeft;
  readonly requestLog: RequestLog;
  readonly rateLimits: RateLimits;
  readonly promptCache: PromptCache;
  readonly batches: BatchStore;
  readonly bill: Bill;
  /** Of the organisation's Admin API; undefined where it has none. */
  readonly adminKey: string | undefined;
  /** How much later than now the cost report says that it was refreshed, milliseconds. */
  readonly billAheadMs: number;
  /** Absent where Claude's own spans go nowhere. */
  readonly spans: SpanExport | undefined;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

export interface StateOptions {
  /** API keys that are accepted. */
  readonly keys: readonly string[];
  /** Opens the cost report of the Admin API; default none does. */
  readonly adminKey?: string | undefined;
  /** Default 0: for tests, which cannot wait until an hour is over. */
  readonly billAheadMs?: number;
  /** Latency profile; default `none`. */
  readonly profile?: ProfileName;
  /** Default `loopback`. */
  readonly admin?: AdminAccess;
  /** Where Claude's own spans go: the base URL of OTLP/HTTP; default nowhere. */
  readonly spansTo?: string | undefined;
  /** 0 inclusive to 1 exclusive; default `Math.random`. */
  readonly random?: () => number;
}

export function createState(options: StateOptions): SimulatorState {
  const { keys, profile = 'none', admin = 'loopback', random = Math.random } = options;
  return {
    keys: new Set(keys),
    profile,
    adminAccess: admin,
    faults: new FaultSet(random),
    daysLeft: new Map(),
    requestLog: new RequestLog(),
    rateLimits: new RateLimits(),
    promptCache: new PromptCache(),
    batches: new BatchStore(),
    bill: new Bill(),
    adminKey: options.adminKey,
    billAheadMs: options.billAheadMs ?? 0,
    spans: options.spansTo === undefined ? undefined : new SpanExport(options.spansTo),
    random,
  };
}
