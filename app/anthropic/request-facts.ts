/** What telemetry shows of a request for a message, beside its model: read once, from the body that was parsed. */
import { plainText } from './plain-text.ts';

/** What a request says; undefined where it says nothing, or not what is expected. */
export interface RequestFacts {
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly topK: number | undefined;
  /** `output_config.effort`. */
  readonly effort: string | undefined;
  /** The answer shall be JSON of a schema. */
  readonly wantsJson: true | undefined;
  /** `thinking.type`. */
  readonly thinking: string | undefined;
  readonly serviceTier: string | undefined;
  /** `metadata.user_id` as it came: an opaque ID, or the text that Claude Code composes of several. */
  readonly userId: string | undefined;
}

/** The API's own words are far shorter. */
const MAX_WORD_LENGTH = 32;
/** Claude Code's own is about 200 characters. A longer text is left out: a cut could halve a secret in it. */
const MAX_USER_ID_LENGTH = 512;

type Json = Readonly<Record<string, unknown>>;

/** @param body an object; its fields may hold anything, and what is not as expected is left out */
export function readRequestFacts(body: Json): RequestFacts {
  const { format, effort } = objectOf(body['output_config']);
  return {
    maxTokens: whole(body['max_tokens']),
    temperature: finite(body['temperature']),
    topP: finite(body['top_p']),
    topK: whole(body['top_k']),
    effort: plainText(effort, MAX_WORD_LENGTH),
    wantsJson: isSchema(format) || isSchema(body['output_format']) ? true : undefined,
    thinking: plainText(objectOf(body['thinking'])['type'], MAX_WORD_LENGTH),
    serviceTier: plainText(body['service_tier'], MAX_WORD_LENGTH),
    userId: plainText(objectOf(body['metadata'])['user_id'], MAX_USER_ID_LENGTH),
  };
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function isSchema(format: unknown): boolean {
  return objectOf(format)['type'] === 'json_schema';
}

function whole(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function finite(value: unknown): number | undefined {
  return Number.isFinite(value) ? (value as number) : undefined;
}
