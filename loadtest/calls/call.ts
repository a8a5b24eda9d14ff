/** One call of the smoke load: its request, and what its answer shows. k6 and Node share it. */

import { headerOf, serverTimingMs } from './headers.ts';
import type { Verdict } from './kinds.ts';
import { judgeComplete, judgeStream } from './verdict.ts';

export const CALL_TYPES = ['complete', 'streaming'] as const;
export type CallType = (typeof CALL_TYPES)[number];

/** Time limit of a call; one that takes longer has failed. */
export const CALL_TIMEOUT_MS = 30_000;

export interface MessageCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Builds a small request, so that a paid run costs little. */
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
      stream: type === 'streaming',
      messages: [{ role: 'user', content: 'Say hello in one short sentence.' }],
    }),
  };
}

/** What the caller got. */
export interface Answer {
  /** 0 when no answer arrived. */
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Why no answer, or only a part of one, arrived. */
  readonly broken?: 'timeout' | 'network_error';
}

export interface Observation {
  readonly verdict: Verdict;
  /** Whether the answer has the correlation ID of the call; undefined when no answer arrived. */
  readonly correlated: boolean | undefined;
  /** The service's own time; undefined for streams, whose headers are sent before it is known. */
  readonly overheadMs: number | undefined;
}

/** Judges an answer, and reads its correlation ID and `server-timing`. */
export function observe(type: CallType, sentId: string, answer: Answer): Observation {
  const judge = type === 'complete' ? judgeComplete : judgeStream;
  const verdict: Verdict =
    answer.broken === undefined
      ? judge(answer.status, answer.body)
      : { ok: false, reason: answer.broken };
  const timing = type === 'complete' ? headerOf(answer.headers, 'server-timing') : undefined;
  return {
    verdict,
    correlated:
      answer.status === 0 ? undefined : headerOf(answer.headers, 'x-correlation-id') === sentId,
    overheadMs: serverTimingMs(timing, 'overhead'),
  };
}
