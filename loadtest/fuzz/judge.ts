/** Says what is wrong with how a case was dealt with, a sentence for each problem. */
import { type Answer, BadAnswer, readAnswers } from './answers.ts';
import type { Case } from './case.ts';
import type { Seen } from './client.ts';
import { SECRETS } from './texts.ts';

/** https://platform.claude.com/docs/en/api/errors, written down apart from the service that is judged. */
const ERROR_TYPES: ReadonlySet<unknown> = new Set([
  'invalid_request_error',
  'authentication_error',
  'billing_error',
  'permission_error',
  'not_found_error',
  'conflict_error',
  'request_too_large',
  'rate_limit_error',
  'api_error',
  'timeout_error',
  'overloaded_error',
]);

export interface Verdict {
  readonly problems: readonly string[];
  readonly answers: readonly Answer[];
}

/** @param seen what the client read */
export function judge(played: Case, seen: Seen): Verdict {
  const methods = [...played.requests.map(({ method }) => method), played.tailMethod ?? ''];
  try {
    const answers = readAnswers(seen.bytes, methods, seen.isClosed && !played.leaves);
    const problems = played.leaves ? [] : [...countProblems(played, seen, answers)];
    return {
      answers,
      problems: [
        ...problems,
        ...answers.flatMap((answer, i) => answerProblems(answer, methods[i], played)),
        ...secretsIn(seen.bytes.toString('utf8'), 'what the client was answered'),
      ],
    };
  } catch (error) {
    if (!(error instanceof BadAnswer)) throw error;
    return { answers: [], problems: [error.message] };
  }
}

function countProblems(
  { requests, tail, tailMethod }: Case,
  { isClosed }: Seen,
  answers: readonly Answer[],
): string[] {
  // Whoever refuses a request and announces the end of the connection need not answer what came behind.
  const last = answers.findIndex(
    ({ status, headers }) => status >= 400 && headers.get('connection') === 'close',
  );
  const isCut = last >= 0 && last + 1 < requests.length;
  const due = isCut ? last + 1 : requests.length;
  const most = tail === 'nothing' || isCut ? due : due + 1;
  const least = tail === 'refused' && !isCut ? due + 1 : due;
  const problems: string[] = [];
  if (answers.length < least || answers.length > most) {
    problems.push(`${answers.length} answers to ${due} whole requests, with ${tail} after them`);
  }
  for (const { status } of answers.slice(due)) {
    const isRefusal = status >= 400 && status <= 499;
    if (tailMethod === undefined && !isRefusal) problems.push(`no HTTP was answered ${status}`);
  }
  if (!isClosed) problems.push('the connection stayed open');
  return problems;
}

/** No browser runs these. */
const TYPES = /^(?:application\/(?:json|x-jsonl)|text\/event-stream)\b/;

function answerProblems(answer: Answer, method: string | undefined, played: Case): string[] {
  const { status, headers, body } = answer;
  const problems: string[] = [];
  if (!/^[\w.:-]{1,128}$/.test(headers.get('x-correlation-id') ?? '')) {
    problems.push(`a ${status} has no correlation ID`);
  }
  if (headers.get('x-content-type-options') !== 'nosniff')
    problems.push(`a ${status} may be sniffed`);
  const type = headers.get('content-type') ?? '';
  if (body !== '' && !TYPES.test(type)) problems.push(`a ${status} is ${type || 'of no type'}`);
  if (status >= 400 && method !== 'HEAD') problems.push(...errorProblems(answer, played));
  if (status === 200 && type.startsWith('text/event-stream'))
    problems.push(...streamProblems(body));
  return problems;
}

function errorProblems({ status, headers, body }: Answer, played: Case): string[] {
  if (!/^application\/json\b/.test(headers.get('content-type') ?? '')) {
    return [`a ${status} is ${headers.get('content-type')} and not JSON`];
  }
  const problem = shapeProblem(body, played);
  return problem ? [`a ${status} ${problem}: ${body.slice(0, 300)}`] : [];
}

/** An upstream may have types of its own, which are passed on. */
function shapeProblem(text: string, { hasOwnErrors }: Case): string | undefined {
  let value: { type?: unknown; error?: { type?: unknown; message?: unknown } } | null;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (value?.type !== 'error' || typeof value.error !== 'object') return 'is no error of the API';
  const { type, message } = value.error ?? {};
  const isKnown = hasOwnErrors ? typeof type === 'string' : ERROR_TYPES.has(type);
  if (!isKnown) return 'has an error of no type of the API';
  return typeof message === 'string' ? undefined : 'has no message';
}

/** A stream that ends without its last event, and without an error, looks whole to a careless client. */
function streamProblems(body: string): string[] {
  const ends = /^(event|data): ?(message_stop|error|\{"type":"error)/m;
  return ends.test(body.replaceAll('\r', '\n')) ? [] : ['a stream ends without saying how'];
}

/** @returns a sentence for each secret that the text has, as it is or encoded */
export function secretsIn(text: string, where: string): string[] {
  return Object.entries(SECRETS).flatMap(([name, secret]) => {
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
    return forms.some((form) => text.includes(form)) ? [`${where} has the ${name}`] : [];
  });
}
