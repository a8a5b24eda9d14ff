/** For tests: makes calls over HTTP, or goes through them with answers that the test has written. */
import { request } from 'undici';
import { CALLS } from './all.ts';
import type { Answer, Asked, Call, CallKind, LoadRequest, Observation, Step } from './kinds.ts';

export const ASKED: Asked = {
  id: '0b5e1c9e-6a1f-4d55-9d0e-7c7a3b1f2e4d',
  round: 0,
  model: 'claude-haiku-5-5',
  token: undefined,
};

/** Makes all requests of a call. */
export function makeCall(call: Call, baseUrl: string): Promise<Observation> {
  return runSteps(call, baseUrl);
}

/** Makes the requests of a generator, without its pauses. */
export async function runSteps<T>(
  call: Generator<Step, T, Answer | undefined>,
  baseUrl: string,
): Promise<T> {
  let step = call.next();
  while (!step.done) {
    const answer = 'request' in step.value ? await send(step.value.request, baseUrl) : undefined;
    step = call.next(answer);
  }
  return step.value;
}

/** @returns what the caller got; it never rejects */
export async function send(asked: LoadRequest, baseUrl: string): Promise<Answer> {
  const { method, path, headers, body, hangUpAfterMs } = asked;
  const startedMs = performance.now();
  const took = () => performance.now() - startedMs;
  try {
    const response = await request(baseUrl + path, {
      method,
      headers,
      body: body ?? null,
      ...(hangUpAfterMs !== undefined && { signal: AbortSignal.timeout(hangUpAfterMs) }),
    });
    const text = await response.body.text();
    const { statusCode: status } = response;
    return { status, headers: response.headers, body: text, durationMs: took() };
  } catch {
    const broken = hangUpAfterMs === undefined ? 'network_error' : 'hung_up';
    return { status: 0, headers: {}, body: '', durationMs: took(), broken };
  }
}

/** What a test says of an answer; the rest is that of a good one. */
export type Told = Partial<Answer>;

/** @returns an answer with the ID of the call */
export function answerOf(told: Told): Answer {
  const headers = { 'X-Correlation-Id': ASKED.id, 'Server-Timing': 'overhead;dur=1.5' };
  return { status: 200, headers, body: '', durationMs: 10, ...told };
}

/** Goes through a call; its requests get these answers in turn, the last of them again and again. */
export function callWith(kind: CallKind, answers: readonly Told[], asked: Asked = ASKED) {
  const call = CALLS[kind](asked);
  const requests: LoadRequest[] = [];
  const pausesMs: number[] = [];
  let step = call.next();
  while (!step.done) {
    if ('request' in step.value) {
      const told = answers[Math.min(requests.length, answers.length - 1)] ?? {};
      requests.push(step.value.request);
      step = call.next(answerOf(told));
    } else {
      pausesMs.push(step.value.pauseMs);
      step = call.next();
    }
  }
  return { seen: step.value, requests, pausesMs };
}
