/**
 * Stage: keeps e-mail addresses, card and phone numbers from the upstream. Pseudonyms stand for them in
 * the request, and the response gets the values back. Off by default; scope: docs/redaction.md.
 */
import { parseObject } from '../anthropic/messages.ts';
import { AppError } from '../errors.ts';
import { mapStrings, mapTexts, parseExactly } from '../privacy/pseudonymize-json.ts';
import { restoreStream } from '../privacy/pseudonymize-stream.ts';
import { Pseudonyms, pseudonymsIn } from '../privacy/pseudonyms.ts';
import type { PipelineResponse, Stage } from './stage.ts';

/** The fields of a body that hold what people wrote. */
const PROSE: ReadonlySet<string> = new Set(['system', 'messages']);

/**
 * Where nothing is found, request and response pass untouched. It stands above `retry`, so that a call
 * is pseudonymised once.
 * @throws {AppError} invalid_request: a body nested too deeply to be searched
 */
export function pseudonymize(): Stage {
  return async function pseudonymize(request, next) {
    const hidden = request.body === undefined ? undefined : hideIn(request.body);
    if (!hidden) return next(request);
    const response = await next({ ...request, body: hidden.body });
    return restoreResponse(response, hidden.pseudonyms);
  };
}

interface Hidden {
  readonly body: string;
  readonly pseudonyms: Pseudonyms;
}

/** @returns undefined where there is nothing to hide */
function hideIn(text: string): Hidden | undefined {
  try {
    const body = parseExactly(text);
    if (typeof body !== 'object' || body === null) return undefined;
    const pseudonyms = new Pseudonyms(callersOwn(body));
    const hide = (value: string) => pseudonyms.hide(value);
    const fields = Object.entries(body).map(([key, field]) => [
      key,
      PROSE.has(key) ? mapTexts(field, hide) : field,
    ]);
    if (!pseudonyms.used) return undefined;
    return { body: JSON.stringify(Object.fromEntries(fields)), pseudonyms };
  } catch (cause) {
    // A body that is not JSON has no messages: the upstream says what is wrong with it.
    if (cause instanceof SyntaxError) return undefined;
    if (!(cause instanceof RangeError)) throw cause;
    throw new AppError('invalid_request', 'the request body is nested too deeply', { cause });
  }
}

/** @returns texts of the body that look like pseudonyms, which ours must avoid */
function callersOwn(body: object): ReadonlySet<string> {
  const taken = new Set<string>();
  mapStrings(body, (text) => {
    for (const pseudonym of pseudonymsIn(text)) taken.add(pseudonym);
    return text;
  });
  return taken;
}

function restoreResponse(response: PipelineResponse, pseudonyms: Pseudonyms): PipelineResponse {
  const { data } = response;
  if (typeof data !== 'string') return { ...response, data: restoreStream(data, pseudonyms) };
  return { ...response, data: restoreText(data, pseudonyms) };
}

/** @returns the text itself where there is nothing to put back */
function restoreText(text: string, pseudonyms: Pseudonyms): string {
  if (!parseObject(text)) return text;
  const body = parseExactly(text);
  const restored = mapStrings(body, (value) => pseudonyms.restore(value));
  return restored === body ? text : JSON.stringify(restored);
}
