/**
 * What is left of each key's rate limits in the current minute, by family of models, as headers. Nothing is
 * refused when a limit is used up: the fault `rate_limited` does that.
 * https://platform.claude.com/docs/en/api/rate-limits#response-headers
 */

const MINUTE_MS = 60_000;

/** Per minute, and more than a load test uses. */
const LIMITS = {
  requests: 1_000_000,
  tokens: 2_000_000_000,
  'input-tokens': 1_000_000_000,
  'output-tokens': 1_000_000_000,
} as const;
type Name = keyof typeof LIMITS;

/** The names of one limit's headers. */
interface Headers {
  readonly of: Name;
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

function headersOf(prefix: string, names: readonly Name[]): readonly Headers[] {
  return names.map((of) => {
    const name = `${prefix}-${of}`;
    return { of, limit: `${name}-limit`, remaining: `${name}-remaining`, reset: `${name}-reset` };
  });
}

const OF_ROUTES = headersOf('anthropic-ratelimit', ['requests']);
const OF_MODELS = headersOf('anthropic-ratelimit', Object.keys(LIMITS) as Name[]);
const OF_FAST_MODE = headersOf('anthropic-fast', ['input-tokens', 'output-tokens']);

/** One request, as the limits see it. */
export interface Counted {
  readonly key: string;
  /** Without the region. */
  readonly path: string;
  readonly model: string;
  readonly speed: string;
  readonly inputTokens: number;
  /** The API counts what may be produced when the request begins. */
  readonly maxTokens: number;
}

export class RateLimits {
  #minute = 0;
  #reset = '';
  /** What was used in this minute, by key and by what is limited. */
  readonly #used = new Map<string, Record<Name, number>>();

  /**
   * Counts a request.
   * @param usedUpForMs the request is refused because its limit is used up, for this long
   * @returns the headers of its answer
   */
  count(request: Counted, nowMs: number, usedUpForMs?: number): Map<string, string> {
    this.#turn(nowMs);
    const headers = new Map<string, string>();
    const { key, path, model, speed } = request;
    const isFast = path === '/v1/messages' && speed === 'fast';
    // A list of models is not limited.
    if (path.startsWith('/v1/models')) return headers;
    const family = `${key} ${path === '/v1/messages' ? familyOf(model) : routeOf(path)}`;
    const own = isFast ? `${family} fast` : family;
    this.#add(own, request);
    this.#write(headers, path === '/v1/messages' ? OF_MODELS : OF_ROUTES, family);
    if (isFast) this.#write(headers, OF_FAST_MODE, own);
    if (usedUpForMs !== undefined) useUp(headers, nowMs + usedUpForMs);
    return headers;
  }

  #turn(nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#reset = new Date((minute + 1) * MINUTE_MS).toISOString();
    this.#used.clear();
  }

  #add(id: string, { inputTokens, maxTokens }: Counted): void {
    const none = { requests: 0, tokens: 0, 'input-tokens': 0, 'output-tokens': 0 };
    const used = this.#used.get(id) ?? none;
    this.#used.set(id, used);
    used.requests += 1;
    used.tokens += inputTokens + maxTokens;
    used['input-tokens'] += inputTokens;
    used['output-tokens'] += maxTokens;
  }

  #write(headers: Map<string, string>, names: readonly Headers[], id: string): void {
    const used = this.#used.get(id);
    for (const { of, limit, remaining, reset } of names) {
      headers.set(limit, String(LIMITS[of]));
      headers.set(remaining, String(Math.max(0, LIMITS[of] - (used?.[of] ?? 0))));
      headers.set(reset, this.#reset);
    }
  }
}

/** Those of the request's own limits were written last. */
function useUp(headers: Map<string, string>, untilMs: number): void {
  const remaining = [...headers.keys()].findLast((name) => name.endsWith('-remaining'));
  if (remaining === undefined) return;
  headers.set(remaining, '0');
  headers.set(remaining.replace(/remaining$/, 'reset'), new Date(untilMs).toISOString());
}

function routeOf(path: string): string {
  return path === '/v1/messages/count_tokens' ? 'count_tokens' : 'batches';
}

/** @returns what shares a limit with a model; unknown models share one */
function familyOf(model: string): string {
  const [, line, major, minor] = /^claude-([a-z]{1,10})-(\d)(-\d)?(?:-\d{8})?$/.exec(model) ?? [];
  if (line === undefined) return 'other';
  const version = `${line}-${major}`;
  const isShared = version === 'fable-5' || version === 'opus-4' || version === 'sonnet-4';
  return isShared ? version : `${version}${minor ?? ''}`;
}
