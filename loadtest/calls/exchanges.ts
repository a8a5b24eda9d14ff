/** The requests of one call under one correlation ID, and what their answers show together. */
import { headerOf, serverTimingMs } from './headers.ts';
import { parseObject } from './json.ts';
import {
  type Answer,
  type Asked,
  type Broken,
  type LoadRequest,
  MAX_ANSWER_BYTES,
  type Observation,
  type Step,
  type StreamTimes,
  type Verdict,
} from './kinds.ts';
import { failed } from './verdict.ts';

/** A step of a call that ends with what its caller got. */
export type Sending = Generator<Step, Answer, Answer | undefined>;

/** Refusals that tell a caller to come back. */
const COME_BACK: ReadonlySet<number> = new Set([429, 503, 529]);

export class Exchanges {
  readonly #asked: Asked;
  #durationMs = 0;
  #overheadMs: number | undefined = 0;
  #correlated: boolean | undefined;
  #stream: StreamTimes | undefined;
  #last: Answer | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  /** Sends a request with the headers that all requests of the call have. */
  *send(request: Omit<LoadRequest, 'headers'>): Sending {
    const answer = yield { request: { ...request, headers: this.#headers(request.body) } };
    if (answer === undefined) throw new TypeError('a request was followed by no answer');
    this.#note(answer);
    return answer;
  }

  #headers(body: string | undefined): Record<string, string> {
    const { id, token } = this.#asked;
    return {
      'anthropic-version': '2023-06-01',
      'x-correlation-id': id,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { 'x-api-key': token }),
    };
  }

  #note(answer: Answer): void {
    this.#last = answer;
    this.#durationMs += answer.durationMs;
    this.#stream = answer.stream ?? this.#stream;
    const overheadMs = serverTimingMs(headerOf(answer.headers, 'server-timing'), 'overhead');
    this.#overheadMs =
      overheadMs === undefined || this.#overheadMs === undefined
        ? undefined
        : this.#overheadMs + overheadMs;
    if (answer.status === 0) return;
    const isOurs = headerOf(answer.headers, 'x-correlation-id') === this.#asked.id;
    this.#correlated = isOurs && this.#correlated !== false;
  }

  /** Ends the call, judged by its last answer or by all of them. */
  observe(verdict: Verdict): Observation {
    return {
      verdict,
      answered: verdict.ok || (this.#last !== undefined && saysComeBack(this.#last)),
      correlated: this.#correlated,
      durationMs: this.#durationMs,
      overheadMs: this.#overheadMs,
      ...(this.#stream && { stream: this.#stream }),
    };
  }
}

/** Judges an answer that arrived whole; one that did not has failed for that reason. */
export function judged(
  { status, body, broken }: Answer,
  judge: (status: number, body: string) => Verdict,
): Verdict {
  if (broken !== undefined) return failed(broken);
  // The driver in Node has cut it already.
  if (body.length > MAX_ANSWER_BYTES) return failed('answer_too_large' satisfies Broken);
  return judge(status, body);
}

/** A 503 of a proxy is none of ours: only an error in the API's form tells that the service is in charge. */
function saysComeBack({ status, body, broken }: Answer): boolean {
  return broken === undefined && COME_BACK.has(status) && parseObject(body)?.['type'] === 'error';
}
