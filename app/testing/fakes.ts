/** For the tests of stages: a request, a fake clock, a call that remembers, a scripted `next`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventStream, parseEvents } from '../anthropic/sse.ts';
import type { Usage } from '../anthropic/usage.ts';
import { KeyPool } from '../keys/key-pool.ts';
import { createLimitGroups } from '../keys/limit-groups.ts';
import { createSecret } from '../keys/secret.ts';
import { type Outcome, outcomeOfStatus } from '../outcome.ts';
import { CallState } from '../pipeline/call-state.ts';
import type { Next, PipelineRequest, PipelineResponse, Stage } from '../pipeline/stage.ts';
import { type CallRecord, unrecordedCall } from '../telemetry/recorder.ts';
import type { Clock } from '../time/clock.ts';
import type { BreakerOptions } from '../upstreams/circuit-breaker.ts';
import type { Upstream } from '../upstreams/upstream-pool.ts';

/** A request with defaults; its signal never fires unless given. */
export function aRequest(part: Partial<PipelineRequest> = {}): PipelineRequest {
  return {
    method: 'POST',
    url: '/v1/messages',
    headers: {},
    body: '{}',
    operation: 'chat',
    model: 'm',
    stream: false,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    state: new CallState(() => 0),
    call: unrecordedCall,
    ...part,
  };
}

export function aResponse(status = 200, part: Partial<PipelineResponse> = {}): PipelineResponse {
  const outcome = Promise.resolve(outcomeOfStatus(status));
  return { status, headers: {}, data: '{}', outcome, ...part };
}

/** With no model configured. */
export const limitUseOf = createLimitGroups([]);

/** The limits that `aRequest` counts against. */
export const ITS_LIMITS = limitUseOf({ operation: 'chat', model: 'm' });

/** A pool of keys `k1`, `k2`, …; without a grace period, by the system's clock. */
export function keyPoolOf(...values: readonly string[]): KeyPool {
  const pool = new KeyPool(
    { gracePeriodMs: 0 },
    { now: Date.now, wallClock: Date.now, random: () => 0 },
  );
  const key = (value: string, i: number) => ({ alias: `k${i + 1}`, secret: createSecret(value) });
  pool.update({ current: values.map(key) });
  return pool;
}

export function anUpstream(part: Partial<Upstream> = {}): Upstream {
  return {
    name: 'one',
    baseUrl: 'http://one',
    priority: 0,
    weight: 1,
    keys: keyPoolOf('a-key'),
    models: {},
    headers: {},
    ...part,
  };
}

/** Opens at half of ten in a second, for a second; two probes; a slow start of ten seconds. */
export const BREAKER: BreakerOptions = {
  windowMs: 1_000,
  minAttempts: 10,
  failureRatio: 0.5,
  openMs: 1_000,
  probes: 2,
  slowStartMs: 10_000,
};

/** Time that passes only in `sleep`; `slept` has each wait in milliseconds. */
export function fakeClock(): Clock & { readonly slept: number[] } {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => nowMs,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      nowMs += ms;
    },
  };
}

/** A call that keeps what it records, in order. */
export function recordingCall(): CallRecord & { readonly recorded: unknown[] } {
  const recorded: unknown[] = [];
  return {
    ...unrecordedCall,
    recorded,
    startAttempt: (upstream) => ({
      headers: { 'x-correlation-id': 'id-1' },
      run: (fn) => fn(),
      setKey() {},
      setHeaders() {},
      setNetworkCause() {},
      setErrorCode() {},
      end: (outcome: Outcome, status: number) =>
        void recorded.push(['attempt', upstream, outcome, status]),
    }),
    retry: (reason) => void recorded.push(['retry', reason]),
    failedOver: (upstream, reason) => void recorded.push(['failedOver', upstream, reason]),
    keyRejected: (alias, status) => void recorded.push(['keyRejected', alias, status]),
    retryRefused: (reason) => void recorded.push(['retryRefused', reason]),
    setResponse: (facts) => void recorded.push(['setResponse', facts]),
    recordChunk: () => void recorded.push(['recordChunk']),
    recordFirstText: () => void recorded.push(['recordFirstText']),
    end: (outcome) => void recorded.push(['end', outcome]),
  };
}

/** A `next` that answers its script in order and keeps the requests it saw. */
export function scripted(
  ...script: readonly (PipelineResponse | Error)[]
): Next & { readonly seen: PipelineRequest[] } {
  const seen: PipelineRequest[] = [];
  const next: Next = async (request) => {
    const step = script[seen.length];
    seen.push(request);
    if (!step) throw new Error('the script is over');
    if (step instanceof Error) throw step;
    return step;
  };
  return Object.assign(next, { seen });
}

/** A byte stream of the given texts. */
export async function* bytes(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

/** The events of a stream whose chunks are these texts. */
export function events(...texts: readonly string[]): EventStream {
  return parseEvents(bytes(...texts));
}

/** All of a response's data as text. */
export async function textOf(data: PipelineResponse['data']): Promise<string> {
  if (typeof data === 'string') return data;
  const chunks: Uint8Array[] = [];
  for await (const batch of data) for (const { raw } of batch) chunks.push(raw);
  return Buffer.concat(chunks).toString();
}

/** One case of a stage: what it is given, what `next` receives, and the result. */
export interface Row {
  readonly given?: Partial<PipelineRequest>;
  /** What `next` returns or throws, in order. */
  readonly answers: readonly (PipelineResponse | Error)[];
  /** For each request that `next` receives, the fields that matter. */
  readonly saw: readonly Partial<PipelineRequest>[];
  /** The status of the response, or the code of the error. */
  readonly result: number | string;
  /** What the call records, in order; by default nothing. */
  readonly recorded?: readonly unknown[];
  /** What the call has used at the end; by default nothing. */
  readonly usage?: Usage;
}

/**
 * Makes a test of each row. The request is frozen, so a stage that changes it in place fails.
 * @param subject the stage's name, which stands before each title
 */
export function stageTable(
  subject: string,
  makeStage: () => Stage,
  rows: Readonly<Record<string, Row>>,
): void {
  for (const [name, { given, answers, saw, result, recorded = [], usage }] of Object.entries(
    rows,
  )) {
    test(`${subject}: ${name}`, async () => {
      const call = recordingCall();
      const request = aRequest({ call, ...given });
      Object.freeze(request.headers);
      const next = scripted(...answers);
      const actual = await makeStage()(Object.freeze(request), next).then(
        ({ status }) => status,
        (error) => error.code ?? error.message,
      );
      assert.deepEqual(
        next.seen.map((request, i) => fieldsOf(asSent(request), saw[i])),
        saw,
      );
      assert.equal(actual, result, 'status or error code');
      assert.deepEqual(call.recorded, recorded, 'recorded');
      assert.deepEqual(request.state.usage, usage, 'usage');
    });
  }
}

/** The request with its key among its headers, where the transport puts it. */
export function asSent(request: PipelineRequest): PipelineRequest {
  if (!request.key) return request;
  return { ...request, headers: { ...request.headers, 'x-api-key': request.key.reveal() } };
}

function fieldsOf(request: PipelineRequest, like: Partial<PipelineRequest> = {}) {
  const keys = Object.keys(like) as (keyof PipelineRequest)[];
  return Object.fromEntries(keys.map((key) => [key, request[key]]));
}
