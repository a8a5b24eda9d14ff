/** Makes the steps of a call with k6's HTTP client, which waits for each answer. */
import { sleep } from 'k6';
import http, { type RefinedResponse } from 'k6/http';
import {
  type Answer,
  type Broken,
  type LoadRequest,
  REQUEST_TIMEOUT_MS,
  type Step,
} from '../calls/kinds.ts';

/** Runs a generator to its end. @param tags of k6's own metrics of the requests */
export function runSteps<T>(
  steps: Generator<Step, T, Answer | undefined>,
  baseUrl: string,
  tags: Readonly<Record<string, string>> = {},
): T {
  let step = steps.next();
  while (!step.done) {
    if ('request' in step.value) {
      step = steps.next(send(step.value.request, baseUrl, tags));
    } else {
      sleep(step.value.pauseMs / 1000);
      step = steps.next();
    }
  }
  return step.value;
}

/** @returns what the caller got; it never throws for what goes wrong on the way */
export function send(
  request: LoadRequest,
  baseUrl: string,
  tags: Readonly<Record<string, string>> = {},
): Answer {
  const { method, path, body, headers, hangUpAfterMs } = request;
  const params = {
    headers: { ...headers },
    // A redirect could lead past the guard.
    redirects: 0,
    responseType: 'text',
    timeout: hangUpAfterMs ?? REQUEST_TIMEOUT_MS,
    tags: { ...tags, name: routeOf(path) },
  } as const;
  try {
    const response = http.request(method, baseUrl + path, body ?? null, params);
    return answerOf(response, hangUpAfterMs !== undefined);
  } catch {
    // Thrown on, it would end the iteration without a count.
    return { status: 0, headers: {}, body: '', durationMs: 0, broken: 'network_error' };
  }
}

/** The IDs of batches are left out: each would have series of its own. */
function routeOf(path: string): string {
  return path.replace(/\/batches\/[^/]+/, '/batches/:id');
}

/** https://grafana.com/docs/k6/latest/javascript-api/error-codes/ */
const TIMEOUT = 1050;
const BROKEN: Readonly<Record<number, Broken>> = {
  1201: 'connection_reset',
  1212: 'connection_refused',
  1220: 'connection_reset',
};

function answerOf(response: RefinedResponse<'text'>, mayHangUp: boolean): Answer {
  const { status, headers, body, timings, error_code: code } = response;
  const answer = { status, headers, body: body ?? '', durationMs: timings.duration };
  // Codes from 1400 to 1599 stand for answers with such a status; all others are errors of the connection.
  if (code === 0 || (code >= 1400 && code < 1600)) return answer;
  if (code !== TIMEOUT) return { ...answer, broken: BROKEN[code] ?? 'network_error' };
  return { ...answer, broken: mayHangUp ? 'hung_up' : 'timeout' };
}
