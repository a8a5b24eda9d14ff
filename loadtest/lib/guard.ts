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

/** Whether load may be made, and the reason in words for whoever started it. */
export interface Permission {
  readonly allowed: boolean;
  readonly reason: string;
}

/**
 * @param answer of `GET {baseUrl}/v1/models`, fetched without following redirects
 * @param paidCalls the most calls that ALLOW_PAID_LOAD permits; absent: no paid load
 */
export function mayLoad(answer: ModelsAnswer, paidCalls: number | undefined): Permission {
  const name = headerOf(answer.headers, SIMULATOR_HEADER);
  if (answer.status === 200 && name === SIMULATOR_NAME) {
    return { allowed: true, reason: 'the upstream is the simulator' };
  }
  if (paidCalls !== undefined) {
    return { allowed: true, reason: `ALLOW_PAID_LOAD permits at most ${paidCalls} calls` };
  }
  const found =
    answer.status === 200
      ? 'the upstream is not the simulator'
      : `GET /v1/models answered ${answer.status || 'nothing'}, so the upstream is unknown`;
  return {
    allowed: false,
    reason: `${found}; load may cost money: set ALLOW_PAID_LOAD=<most calls>`,
  };
}
