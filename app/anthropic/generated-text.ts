/**
 * Measures the text that a stream has produced without reading it: a delta is parsed only where somebody wants
 * its content, and an estimate needs its length alone.
 */
import { isObject, parseObject } from './messages.ts';
import { isCount } from './usage-fields.ts';

/**
 * "1M tokens is roughly 555k words or 2.5M Unicode characters on the current tokenizer", that of Claude Opus 4.7
 * and later models; with the one before it, a token had about 3.4.
 * https://platform.claude.com/docs/en/about-claude/models/overview
 */
const CHARACTERS_PER_TOKEN = 2.5;

/** The members of a delta that hold what the model wrote; signatures and citations are not billed as output. */
const WRITTEN = ['text', 'thinking', 'partial_json'];
/** How the API writes them: right after the type of their delta, which no citation has. */
const BEFORE_TEXT = ['text_delta","text', 'thinking_delta","thinking', 'json_delta","partial_json'];
const QUOTE_AND_COLON = '":"';
const LETTER_U = 0x75;

/**
 * @param data of a `content_block_delta`, JSON text
 * @returns how many characters (UTF-16 units) of text, thinking or tool input it adds; 0 for anything else
 */
export function generatedLength(data: string): number {
  // A quote inside a JSON string is escaped, so that this is the last member that is a string: its key ends here
  // and its value begins, unless its value ends with these characters, and then the key is none of those.
  const key = data.lastIndexOf(QUOTE_AND_COLON);
  if (!isText(data, key)) return parsedLength(data);
  const start = key + QUOTE_AND_COLON.length;
  let end = data.indexOf('"', start);
  let length = end - start;
  for (let i = data.indexOf('\\', start); i >= 0 && i < end; i = data.indexOf('\\', i + 2)) {
    length -= data.charCodeAt(i + 1) === LETTER_U ? 5 : 1;
    if (i + 1 < end) continue;
    // The quote at `end` is escaped, so it belongs to the text, which ends at a later one.
    const next = data.indexOf('"', end + 1);
    length += next - end;
    end = next;
  }
  return end < 0 ? 0 : length;
}

function isText(data: string, key: number): boolean {
  for (const begin of BEFORE_TEXT) if (data.endsWith(begin, key)) return true;
  return false;
}

/** The API writes its members in one order and without spaces; a gateway may not. */
function parsedLength(data: string): number {
  const delta = parseObject(data)?.['delta'];
  if (!isObject(delta)) return 0;
  const written = WRITTEN.map((name) => delta[name]).find((text) => typeof text === 'string');
  return typeof written === 'string' ? written.length : 0;
}

/**
 * Where thinking is not sent, the API says now and then how much of it there was since it last did, if its caller
 * asked for that (beta `thinking-token-count-2026-05-13`).
 * @param data of a `content_block_delta` without text, JSON text
 * @returns tokens of thinking; 0 where it says nothing
 */
export function omittedThinking(data: string): number {
  if (!data.includes('"estimated_tokens"')) return 0;
  const delta = parseObject(data)?.['delta'];
  const tokens = isObject(delta) ? delta['estimated_tokens'] : undefined;
  return isCount(tokens) ? tokens : 0;
}

/** @returns about how many tokens a text of this length has */
export function estimatedTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
