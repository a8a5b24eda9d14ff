/** For the tests of stages: a request, a fake clock, a call that remembers, a scripted `next`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyRing, type KeyRing } from '../keys/key-pool.ts';
import { createSecret } from '../keys/secret.ts';
import type { Clock, Next, PipelineRequest, PipelineResponse, Stage } from '../pipeline/stage.ts';
import type { CallRecord, Outcome } from '../telemetry/recorder.ts';
import { unrecordedCall } from '../telemetry/recorder.ts';
import type { BreakerOptions } from '../upstreams/circuit-breaker.ts';
import type { Upstream } from '../upstreams/upstream-pool.ts';

/** A request with defaults; its signal never fires unless given. */
export function aRequest(part: Partial<PipelineRequest> = {}): PipelineRequest {
  return {
    method: 'POST',
    url: '/v1/messages',
    headers: {},
    body: '{}',
    model: 'm',
    stream: false,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    call: { ...unrecordedCall },
    ...part,
  };
}

export function aResponse(status = 200, part: Partial<PipelineResponse> = {}): PipelineResponse {
  return { status, headers: {}, data: '{}', ...part };
}

/** A ring of keys `k1`, `k2`, …; without an overlap, by the system's clock. */
export function ringOf(...values: readonly string[]): KeyRing {
  const ring = createKeyRing({ overlapMs: 0 }, { now: Date.now, random: () => 0 });
  const key = (value: string, i: number) => ({ alias: `k${i + 1}`, secret: createSecret(value) });
  ring.update({ current: values.map(key) });
  return ring;
}

export function anUpstream(part: Partial<Upstream> = {}): Upstream {
  return {
    name: 'one',
    baseUrl: 'http://one',
    priority: 0,
    weight: 1,
    keys: ringOf('a-key'),
    models: {},
    headers: {},
    ...part,
  };
}

/** Opens at half of ten in a second, for a second; two probes; a ramp of ten seconds. */
export const BREAKER: BreakerOptions = {
  windowMs: 1_000,
  minAttempts: 10,
  failureRatio: 0.5,
  openMs: 1_000,
  probes: 2,
  rampMs: 10_000,
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

/** A call that keeps what it was told, in order. */
export function recordingCall(): CallRecord & { readonly told: unknown[] } {
  const told: unknown[] = [];
  return {
    ...unrecordedCall,
    told,
    startAttempt: (upstream) => ({
      headers: { 'x-correlation-id': 'id-1' },
      run: (fn) => fn(),
      end: (outcome: Outcome, status: number) =>
        void told.push(['attempt', upstream, outcome, status]),
    }),
    retry: (reason) => void told.push(['retry', reason]),
    failover: (upstream, reason) => void told.push(['failover', upstream, reason]),
    keyLeft: (alias, status) => void told.push(['keyLeft', alias, status]),
    hedged: (won) => void told.push(['hedged', won]),
    retryRefused: (why) => void told.push(['refused', why]),
    usage: (usage) => void told.push(['usage', usage]),
    answer: (facts) => void told.push(['answer', facts]),
    chunk: () => void told.push(['chunk']),
    end: (outcome) => void told.push(['end', outcome]),
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

/** All of a byte stream as text. */
export async function textOf(data: PipelineResponse['data']): Promise<string> {
  if (typeof data === 'string') return data;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of data) text += decoder.decode(chunk, { stream: true });
  return text;
}

/** One case of a stage: what it is given, what `next` saw of it, what came of it. */
export interface Row {
  readonly given?: Partial<PipelineRequest>;
  /** What `next` does, in order. */
  readonly answers: readonly (PipelineResponse | Error)[];
  /** The fields that matter of each request that `next` saw. */
  readonly saw: readonly Partial<PipelineRequest>[];
  /** The answer's status, or the code of the error. */
  readonly result: number | string;
  /** What the call was told, in order; default nothing. */
  readonly told?: readonly unknown[];
}

/** A test a row. The request is frozen, so a stage that changes it in place fails. */
export function stageTable(makeStage: () => Stage, rows: Readonly<Record<string, Row>>): void {
  for (const [name, { given, answers, saw, result, told = [] }] of Object.entries(rows)) {
    test(name, async () => {
      const call = recordingCall();
      const request = aRequest({ call, ...given });
      Object.freeze(request.headers);
      const next = scripted(...answers);
      const came = await makeStage()(Object.freeze(request), next).then(
        ({ status }) => status,
        (error) => error.code ?? error.message,
      );
      assert.deepEqual(
        next.seen.map((request, i) => fieldsOf(request, saw[i])),
        saw,
      );
      assert.equal(came, result);
      assert.deepEqual(call.told, told);
    });
  }
}

function fieldsOf(request: PipelineRequest, like: Partial<PipelineRequest> = {}) {
  const keys = Object.keys(like) as (keyof PipelineRequest)[];
  return Object.fromEntries(keys.map((key) => [key, request[key]]));
}
