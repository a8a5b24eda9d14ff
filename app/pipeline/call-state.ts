/** What one call has tried, used and waited for so far: state of the call, apart from its telemetry. */
import { addUsage, type Usage } from '../anthropic/usage.ts';
import { Stopwatch } from '../time/stopwatch.ts';

const NONE: ReadonlySet<string> = new Set();

export class CallState {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly #startedAtMs: number;
  #triedUpstreams: Set<string> | undefined;
  #triedKeys: Set<string> | undefined;
  #usage: Usage | undefined;
  /** The call has gone to a second upstream already. */
  failedOver = false;
  /** The content of a stream has begun: the deadline of calls no longer holds. */
  hasContent = false;
  /** Tokens of the text and the tool inputs of the stream that was passed on; undefined where nobody can tell. */
  writtenTokens: number | undefined;
  /** The longest wait for the upstream between two events of its stream; undefined without two. */
  longestGapMs: number | undefined;
  /** Runs while the time is not ours: an upstream or the caller is waited for, or a back-off passes. */
  readonly upstreamWait: Stopwatch;

  /**
   * @param now monotonic milliseconds
   * @param startedAtMs when the caller's request had arrived, its body included, on that clock
   */
  constructor(now: () => number, startedAtMs = now()) {
    this.now = now;
    this.#startedAtMs = startedAtMs;
    this.upstreamWait = new Stopwatch(now);
  }

  /** Names of the upstreams whose attempt failed. */
  get triedUpstreams(): ReadonlySet<string> {
    return this.#triedUpstreams ?? NONE;
  }

  /** Keys that were rejected or rate limited, as their text. A method, because inspection shows getters. */
  triedKeys(): ReadonlySet<string> {
    return this.#triedKeys ?? NONE;
  }

  /** What all attempts used together, failed ones included: they are billed too. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  addTriedUpstream(name: string): void {
    this.#triedUpstreams ??= new Set();
    this.#triedUpstreams.add(name);
  }

  addTriedKey(key: string): void {
    this.#triedKeys ??= new Set();
    this.#triedKeys.add(key);
  }

  addUsage(usage: Usage): void {
    this.#usage = this.#usage ? addUsage(this.#usage, usage) : usage;
  }

  /** Milliseconds since the request had arrived that were our own. */
  overheadMs(): number {
    return Math.max(0, this.now() - this.#startedAtMs - this.upstreamWait.elapsedMs());
  }
}
