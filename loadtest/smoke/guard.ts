/** The guard of everything that makes load: only the simulator is loaded, unless paid load is allowed. */
import { headerOf } from './headers.ts';

/** The header by which the simulator makes itself known, and its value. */
export const SIMULATOR_HEADER = 'x-simulator';
export const SIMULATOR_NAME = 'claude-observatory';

/** What the service answered to `GET /v1/models`; `status` is 0 when nothing came. */
export interface ModelsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * How often to ask before giving up. The simulator may be told to fail, and then what comes through
 * the service (a 502 of its own, say) does not tell who stands behind it.
 */
export const GUARD_TRIES = 5;

/** Whether load may be made, and the reason in words for whoever started it. */
export interface Permission {
  readonly allowed: boolean;
  readonly reason: string;
  /** Refused only because nobody knows the upstream yet: ask again. */
  readonly unknown: boolean;
}

/**
 * The mark counts on errors too, for the simulator's faults carry it; a redirect leads elsewhere.
 * @param answer of `GET {baseUrl}/v1/models`, fetched without following redirects
 * @param paidCalls the most calls that ALLOW_PAID_LOAD permits; absent: no paid load
 */
export function mayLoad(answer: ModelsAnswer, paidCalls: number | undefined): Permission {
  const redirect = answer.status >= 300 && answer.status < 400;
  if (!redirect && headerOf(answer.headers, SIMULATOR_HEADER) === SIMULATOR_NAME) {
    return { allowed: true, unknown: false, reason: 'the upstream is the simulator' };
  }
  if (paidCalls !== undefined) {
    const reason = `ALLOW_PAID_LOAD permits at most ${paidCalls} calls`;
    return { allowed: true, unknown: false, reason };
  }
  const unknown = answer.status !== 200;
  const found = unknown
    ? `GET /v1/models answered ${answer.status || 'nothing'}, so the upstream is unknown`
    : 'the upstream is not the simulator';
  const reason = `${found}; load may cost money: set ALLOW_PAID_LOAD=<most calls>`;
  return { allowed: false, unknown, reason };
}
