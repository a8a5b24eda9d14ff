/** One call of the load: what is sent, and what is read from its answer. k6 and Node share it. */

import { headerOf, serverTimingMs } from './headers.ts';
import { judgeStream, judgeWhole, type Verdict } from './verdict.ts';

export const CALL_TYPES = ['whole', 'streamed'] as const;
export type CallType = (typeof CALL_TYPES)[number];

/** A call that has not ended by then has failed, milliseconds. */
export const CALL_TIMEOUT_MS = 30_000;

export interface MessageCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @returns a small request, so that a paid run costs little */
export function messageCall(type: CallType, correlationId: string): MessageCall {
  return {
    path: '/v1/messages',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-correlation-id': correlationId,
    },
    body: JSON.stringify({
      model: 'claude-haiku-5-5',
      max_tokens: 64,
      stream: type === 'streamed',
      messages: [{ role: 'user', content: 'Say hello in one short sentence.' }],
    }),
  };
}

/** What came back. `status` is 0 when nothing did; `broken` names an answer that did not end well. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly broken?: 'timeout' | 'network_error';
}

export interface Observation {
  readonly verdict: Verdict;
  /** Whether the correlation ID came back; undefined when no answer came. */
  readonly correlated: boolean | undefined;
  /** The service's own time, milliseconds; only whole answers carry it, a stream's headers go first. */
  readonly overheadMs: number | undefined;
}

export function observe(type: CallType, sentId: string, answer: Answer): Observation {
  const judge = type === 'whole' ? judgeWhole : judgeStream;
  const verdict: Verdict =
    answer.broken === undefined
      ? judge(answer.status, answer.body)
      : { ok: false, reason: answer.broken };
  const timing = type === 'whole' ? headerOf(answer.headers, 'server-timing') : undefined;
  return {
    verdict,
    correlated:
      answer.status === 0 ? undefined : headerOf(answer.headers, 'x-correlation-id') === sentId,
    overheadMs: serverTimingMs(timing, 'overhead'),
  };
}
