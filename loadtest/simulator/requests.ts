/** What the simulator reads of a request, and what is wrong with it in the API's own words. */

export interface Tool {
  readonly name: string;
  /** Of the API's own tools, `web_search_20260318` for instance. */
  readonly type?: string;
  /** Absent for the API's own tools, which the simulator does not run. */
  readonly input_schema?: object;
}

export interface MessageRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly max_tokens?: number;
  readonly stream?: boolean | null;
  readonly system?: unknown;
  readonly tools?: readonly Tool[];
  readonly tool_choice?: { readonly type?: string; readonly name?: string };
  readonly thinking?: { readonly type?: string } | null;
  readonly stop_sequences?: readonly string[];
  readonly output_config?: { readonly format?: JsonFormat | null } | null;
  /** The earlier name of `output_config.format`. */
  readonly output_format?: JsonFormat | null;
  readonly service_tier?: string;
  readonly speed?: string | null;
  readonly inference_geo?: string | null;
}

export interface JsonFormat {
  readonly type?: string;
  readonly schema?: unknown;
}

const VERSIONS: ReadonlySet<unknown> = new Set(['2023-06-01', '2026-10-21']);
/** Refused by the version of that day, even at their defaults. */
const REMOVED = ['temperature', 'top_p', 'top_k'];
const ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system']);

/** @param version the header `anthropic-version` @returns undefined if nothing is wrong with it */
export function problemWithVersion(version: unknown): string | undefined {
  if (version === undefined) return 'anthropic-version: header is required';
  return VERSIONS.has(version)
    ? undefined
    : `anthropic-version: "${version}" is not a valid version`;
}

/** @returns what is wrong with a body; undefined if nothing is */
export function problemWith(
  body: unknown,
  { counting, version }: { readonly counting: boolean; readonly version: unknown },
): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return 'Input should be a valid dictionary';
  }
  const { model, messages, max_tokens } = body as Record<string, unknown>;
  if (typeof model !== 'string' || model === '') return 'model: Field required';
  if (!Array.isArray(messages) || messages.length === 0) return 'messages: Field required';
  if (!counting && max_tokens === undefined) return 'max_tokens: Field required';
  if (!counting && !(Number.isInteger(max_tokens) && (max_tokens as number) >= 0)) {
    return 'max_tokens: Input should be a valid integer';
  }
  const removed = version === '2026-10-21' ? REMOVED.find((name) => name in body) : undefined;
  return removed ? `${removed}: Extra inputs are not permitted` : problemWithMessages(messages);
}

type Block = Readonly<Record<string, unknown>>;

function problemWithMessages(messages: readonly unknown[]): string | undefined {
  let offered: ReadonlySet<unknown> = new Set();
  for (const [i, message] of messages.entries()) {
    const { role, content } = Object(message) as Block;
    if (role === undefined) return `messages.${i}.role: Field required`;
    if (!ROLES.has(role)) return `messages.${i}.role: Input should be 'user' or 'assistant'`;
    const blocks: readonly Block[] = Array.isArray(content) ? content : [];
    const unknown = blocks.find(
      (block) => block?.['type'] === 'tool_result' && !offered.has(block['tool_use_id']),
    );
    if (unknown) {
      return `messages.${i}.content: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unknown['tool_use_id']}`;
    }
    if (blocks.some((block) => block?.['type'] === 'text' && block['text'] === '')) {
      return `messages.${i}.content: text content blocks must be non-empty`;
    }
    offered = new Set(blocks.filter((b) => b?.['type'] === 'tool_use').map((b) => b['id']));
  }
  return undefined;
}
