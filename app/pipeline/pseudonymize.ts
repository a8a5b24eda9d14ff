/**
 * Stage: keeps e-mail addresses, card and phone numbers from the upstream. Placeholders stand for them
 * in the request, and the answer gets them back. Off by default; what it covers: docs/redaction.md.
 */
import { parseObject } from '../anthropic/messages.ts';
import { AppError } from '../errors.ts';
import { mapStrings, mapTexts, parseExactly } from '../privacy/pseudonymize-json.ts';
import { restoreStream } from '../privacy/pseudonymize-stream.ts';
import { createPlaceholders, type Placeholders, placeholdersIn } from '../privacy/pseudonyms.ts';
import type { PipelineResponse, Stage } from './stage.ts';

/** The parts of a body that hold what people wrote. */
const PROSE: ReadonlySet<string> = new Set(['system', 'messages']);

/**
 * Where nothing is found, request and answer pass untouched. Stands above `retry`, so that a call is
 * masked once.
 * @throws {AppError} invalid_request: a body nested too deeply to be looked through
 */
export function mask(): Stage {
  return async function mask(request, next) {
    const masked = request.body === undefined ? undefined : maskBody(request.body);
    if (!masked) return next(request);
    const response = await next({ ...request, body: masked.body });
    return restoreResponse(response, masked.placeholders);
  };
}

interface Masked {
  readonly body: string;
  readonly placeholders: Placeholders;
}

/** @returns undefined where there is nothing to hide */
function maskBody(text: string): Masked | undefined {
  try {
    const body = parseExactly(text);
    if (typeof body !== 'object' || body === null) return undefined;
    const taken = new Set<string>();
    mapStrings(body, (own) => {
      for (const placeholder of placeholdersIn(own)) taken.add(placeholder);
      return own;
    });
    const placeholders = createPlaceholders(taken);
    const fields = Object.entries(body).map(([key, field]) => [
      key,
      PROSE.has(key) ? mapTexts(field, placeholders.hide) : field,
    ]);
    if (!placeholders.used()) return undefined;
    return { body: JSON.stringify(Object.fromEntries(fields)), placeholders };
  } catch (cause) {
    // No JSON holds no messages: what it is, the upstream says.
    if (cause instanceof SyntaxError) return undefined;
    if (!(cause instanceof RangeError)) throw cause;
    throw new AppError('invalid_request', 'the request body is nested too deeply', { cause });
  }
}

function restoreResponse(response: PipelineResponse, placeholders: Placeholders): PipelineResponse {
  const { data } = response;
  if (typeof data === 'string') return { ...response, data: restoreWhole(data, placeholders) };
  return { ...response, data: restoreStream(data, placeholders) };
}

/** @returns the text itself where there is nothing to put back */
function restoreWhole(text: string, { restore }: Placeholders): string {
  if (!parseObject(text)) return text;
  const body = parseExactly(text);
  const restored = mapStrings(body, (string) => restore(string));
  return restored === body ? text : JSON.stringify(restored);
}
