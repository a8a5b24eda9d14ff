/** Defines what `createClaude` and its calls take: the options, their defaults, and what is refused. */
import { HEADER_VALUE, SETTABLE_HEADER } from '../anthropic/settable-headers.ts';
import type { PoolOptions } from '../claude/pool.ts';
import { AppError } from '../errors.ts';
import { ALIAS_PATTERN } from '../keys/sources/source.ts';
import type { VaultOptions } from './key-spec.ts';
import type { ClaudeSources, ClaudeTelemetry } from './sources.ts';

/** The service's own defaults, which its settings state again: a test compares them. */
export const CALL_DEFAULTS = {
  deadlineMs: 300_000,
  attemptTimeoutMs: 120_000,
  firstEventTimeoutMs: 10_000,
  maxRetries: 3,
  connections: 100,
  keyPollMs: 60_000,
};

const UPSTREAM_DEFAULTS = { priority: 0, weight: 1, models: {}, headers: {} };

/** A value that is undefined counts as not given. */
type Optional<T> = { readonly [Name in keyof T]?: T[Name] | undefined };
type Texts = Readonly<Record<string, string>>;

/** Where calls can be sent. The fields mean what they mean in CLAUDE_UPSTREAMS (docs/upstreams.md). */
export interface UpstreamOptions {
  /** A label value in metrics: 1 to 32 of `a-z0-9-`, and another for each upstream. */
  readonly name: string;
  /** http or https, with any path that precedes `/v1`. */
  readonly url: string;
  /** `env:NAME`, `file:/path`, `vault:mount/path` or `aws:secret-id`; files and stores are read again as they change. */
  readonly keys: string;
  /** Default 0: the lowest number is used first. */
  readonly priority?: number | undefined;
  /** Share among the upstreams of one priority. Default 1. */
  readonly weight?: number | undefined;
  /** From a caller's name of a model to the upstream's. */
  readonly models?: Texts | undefined;
  /** Sent with every request, names in lower case. */
  readonly headers?: Texts | undefined;
}

/** Times are whole milliseconds. */
export interface ClaudeOptions extends Optional<typeof CALL_DEFAULTS> {
  /** At least one. */
  readonly upstreams: readonly UpstreamOptions[];
  /** Models that get a label of their own in metrics; all others become `other`. */
  readonly models?: readonly string[] | undefined;
  /** A whole stream may take this long. Without it, a stream has no limit. */
  readonly streamLimitMs?: number | undefined;
  /** Whether e-mail addresses, card and phone numbers are sent as pseudonyms. Default false. */
  readonly pseudonymize?: boolean | undefined;
  /** The connections' own figures, where the defaults do not suit. */
  readonly pool?: Optional<Omit<PoolOptions, 'connections'>> | undefined;
  /** For `vault:` sources. */
  readonly vault?: VaultOptions | undefined;
  /** Default: nothing is recorded. `claude-observatory/telemetry` makes one. */
  readonly telemetry?: ((sources: ClaudeSources) => ClaudeTelemetry) | undefined;
}

/** A single call may add these. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Limit of the whole call, milliseconds from now. */
  readonly deadlineMs?: number | undefined;
  /** Sent upstream: `anthropic-beta`, `x-correlation-id`. Values are printable ASCII. */
  readonly headers?: Texts | undefined;
  /** A label value: one of few. Default `anybody`. */
  readonly caller?: string | undefined;
}

/** The body of a call: Anthropic's, which is sent as it is. The official SDK's types of parameters fit. */
export interface MessagesBody {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly stream?: boolean | null | undefined;
}

/** An upstream with its defaults. */
export type CompleteUpstream = {
  readonly [Field in keyof UpstreamOptions]-?: NonNullable<UpstreamOptions[Field]>;
};

/** Timers take no more. */
const MAX_MS = 2_147_483_647;

/** @returns the options with the limits of calls @throws {TypeError} names a limit that is no such number */
export function withLimits(options: ClaudeOptions) {
  const limits = { ...CALL_DEFAULTS, ...given<ClaudeOptions & typeof CALL_DEFAULTS>(options) };
  const names = ['streamLimitMs', ...Object.keys(CALL_DEFAULTS)] as (keyof typeof CALL_DEFAULTS)[];
  for (const name of names) {
    const { [name]: value = 1 } = limits;
    const least = name === 'maxRetries' ? 0 : 1;
    check(isWhole(value, least), `${name}: must be a whole number from ${least} to ${MAX_MS}`);
  }
  return limits;
}

/** @returns the upstreams with their defaults @throws {TypeError} names what is wrong, and quotes no value */
export function upstreamsOf({ upstreams }: ClaudeOptions): readonly CompleteUpstream[] {
  check(upstreams.length > 0, 'upstreams: must have at least one');
  const names = new Set(upstreams.map(({ name }) => name));
  check(names.size === upstreams.length, 'upstreams: names must differ');
  return upstreams.map((one, i) => {
    const upstream = { ...UPSTREAM_DEFAULTS, ...given<CompleteUpstream>(one) } as CompleteUpstream;
    const { name, url, priority, weight, headers } = upstream;
    const at = `upstreams[${i}]`;
    check(ALIAS_PATTERN.test(name), `${at}.name: must be 1 to 32 of a-z0-9-`);
    check(isHttp(url), `${at}.url: must be http or https, without a user or password`);
    check(Number.isFinite(priority), `${at}.priority: must be a number`);
    check(Number.isFinite(weight) && weight > 0, `${at}.weight: must be a number above 0`);
    const bad = problemOf(headers);
    check(bad === undefined, `${at}.headers: ${bad}`);
    return upstream;
  });
}

/**
 * @returns the headers with their names in lower case, as a second one of another spelling would be sent as well
 * @throws {AppError} invalid_request: an upstream would be blamed for what cannot be sent
 */
export function headersOf(headers: Texts = {}): Texts {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const lower: Texts = Object.fromEntries(entries);
  const problem = problemOf(lower);
  if (problem !== undefined) throw new AppError('invalid_request', problem);
  return lower;
}

/** @throws {AppError} invalid_request */
export function checkDeadline(deadlineMs: number | undefined): void {
  if (deadlineMs === undefined || isWhole(deadlineMs, 1)) return;
  throw new AppError('invalid_request', `deadlineMs: must be a whole number from 1 to ${MAX_MS}`);
}

/** @returns the text of a request's body @throws {AppError} invalid_request: JSON has no such value */
export function jsonOf(body: MessagesBody): string {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    throw new AppError('invalid_request', 'the body cannot be written as JSON', { cause });
  }
}

/** @returns the first header that cannot be sent, without its value */
function problemOf(headers: Texts): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    if (!SETTABLE_HEADER.test(name)) return `${JSON.stringify(name)} cannot be set`;
    if (typeof value !== 'string' || !HEADER_VALUE.test(value)) {
      return `${name} must be printable ASCII`;
    }
  }
  return undefined;
}

/** @returns the values that are given: where one is undefined, its default holds */
export function given<T extends object>(values: Optional<T>): Partial<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

function isHttp(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

function isWhole(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least && value <= MAX_MS;
}

function check(holds: boolean, problem: string): void {
  if (!holds) throw new TypeError(problem);
}
