/** What the end of k6 means for a run: its summary holds only where k6 itself says that it came to its end. */
import { endedEarly, inconclusive } from './results.ts';
import { EXIT } from './scenarios/run-verdict.ts';
import type { Summary } from './scenarios/summary.ts';

/** How k6 has ended: by itself, by a signal, or not even begun. */
export type K6End =
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly error: Error };

export interface JudgedEnd {
  /** Undefined where there is none, or it is of nothing. */
  readonly summary: Summary | undefined;
  /** What to exit with; undefined where the verdict of the summary says it. */
  readonly exitCode: number | undefined;
  /** What has to be said of it. */
  readonly problem?: string;
}

/** EX_UNAVAILABLE of sysexits.h: k6 could not be run, or has failed. */
export const EXIT_UNAVAILABLE = 69;

/** k6's own codes: https://github.com/grafana/k6/blob/v2.3.0/errext/exitcodes/codes.go */
const K6 = { ended: 0, thresholdsMissed: 99, externalAbort: 105, scriptAborted: 108 } as const;
/** A shell, and Docker, add the number of the signal that has ended a program to this. */
const SIGNALLED = 128;

/**
 * @param summary the one that k6 wrote, if it did
 * @param isEndedEarly we have asked k6 to end
 */
export function judgeEnd(
  end: K6End,
  summary: Summary | undefined,
  isEndedEarly: boolean,
): JudgedEnd {
  if ('error' in end) return failed(`k6 cannot be run: ${end.error.message}`, undefined);
  const { code, signal } = end;
  // The script aborts the test when its guard refuses. That has a summary too, of nothing.
  if (code === K6.scriptAborted) return { summary: undefined, exitCode: EXIT.refused };
  const isCut = code === null || code === K6.externalAbort || code > SIGNALLED;
  if (isEndedEarly || isCut) {
    const by = code === null ? `by ${signal}` : `with exit code ${code}`;
    return cut(isEndedEarly ? 'the run was ended early' : `k6 was ended ${by}`, summary);
  }
  if (code !== K6.ended && code !== K6.thresholdsMissed) {
    return failed(`k6 has failed with exit code ${code}`, summary);
  }
  if (!summary) return failed(`k6 has ended with exit code ${code}, but wrote no summary`, summary);
  return { summary, exitCode: undefined };
}

function cut(reason: string, summary: Summary | undefined): JudgedEnd {
  if (!summary) {
    return { summary, exitCode: EXIT.inconclusive, problem: `${reason}, without a summary` };
  }
  // What k6 has printed itself does not know of it.
  const problem = `${reason}, so it is inconclusive`;
  return { summary: endedEarly(summary, reason), exitCode: undefined, problem };
}

function failed(problem: string, summary: Summary | undefined): JudgedEnd {
  return {
    summary: summary && inconclusive(summary, [problem]),
    exitCode: EXIT_UNAVAILABLE,
    problem,
  };
}
