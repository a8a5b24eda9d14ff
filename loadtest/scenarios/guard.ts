/** Guards the load: it may reach the simulator only, unless paid load is permitted. */
import { headerOf } from '../calls/headers.ts';
import type { Broken, LoadRequest } from '../calls/kinds.ts';

/** The header that identifies the simulator, and its value. */
export const SIMULATOR_HEADER = 'x-simulator';
export const SIMULATOR_NAME = 'claude-observatory';

/** The service's answer to `GET /v1/models`; `status` is 0 when none arrived. */
export interface ModelsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly broken?: Broken;
}

/**
 * How often to ask before giving up. While the simulator injects faults, the service may answer
 * with an error of its own, such as a 502, which does not identify the upstream.
 */
export const GUARD_TRIES = 5;

/** How long one answer is waited for: all of them together take less than k6 allows its `setup`, which is a minute. */
export const GUARD_TRY_MS = 5_000;

/** @returns what the guard asks the service; redirects must not be followed */
export function guardRequest(token: string | undefined): LoadRequest {
  const headers = { 'anthropic-version': '2023-06-01' };
  return {
    method: 'GET',
    path: '/v1/models',
    hangUpAfterMs: GUARD_TRY_MS,
    headers: token === undefined ? headers : { ...headers, 'x-api-key': token },
  };
}

/** Whether load may be made, and the reason as a text for the person who started it. */
export interface Permission {
  readonly allowed: boolean;
  readonly reason: string;
  /** Refused only because the upstream is not identified yet: ask again. */
  readonly unknown: boolean;
}

/**
 * The header counts on errors too, because the simulator's faults carry it; it does not on a
 * redirect, which leads to another server.
 * @param answer the answer to `GET {baseUrl}/v1/models`, fetched without following redirects
 * @param target the base URL
 * @param paidCalls the maximum that ALLOW_PAID_LOAD permits; without it no paid load is allowed
 */
export function mayLoad(
  answer: ModelsAnswer,
  target: string,
  paidCalls: number | undefined,
): Permission {
  if (answer.broken === 'connection_refused') {
    const reason = `nothing answers at ${target}: start the stack with \`make up\`, or give TARGET`;
    return { allowed: false, unknown: false, reason };
  }
  const redirect = answer.status >= 300 && answer.status < 400;
  if (!redirect && headerOf(answer.headers, SIMULATOR_HEADER) === SIMULATOR_NAME) {
    return { allowed: true, unknown: false, reason: 'the upstream is the simulator' };
  }
  if (paidCalls !== undefined) {
    const reason = `ALLOW_PAID_LOAD permits at most ${paidCalls} calls`;
    return { allowed: true, unknown: false, reason };
  }
  if (answer.status === 401) {
    const reason = 'the service answers callers that it knows only: set TOKEN to the token of one';
    return { allowed: false, unknown: false, reason };
  }
  const unknown = answer.status !== 200;
  const found = unknown
    ? `GET /v1/models answered ${answer.status || 'nothing'}, so the upstream is unknown`
    : 'the upstream is not the simulator';
  const reason = `${found}; load may cost money: set ALLOW_PAID_LOAD=<maximum calls>`;
  return { allowed: false, unknown, reason };
}
