/**
 * Whose work a request belongs to, as clients say in headers: Claude Code names its session, and its subagents.
 * https://code.claude.com/docs/en/llm-gateway-protocol
 */
import type { IncomingHttpHeaders } from 'node:http';
import { shortText } from '../anthropic/request-facts.ts';
import type { Attribution } from '../telemetry/recorder.ts';

const MAX_ID_LENGTH = 128;
/** Visible ASCII but the comma, by which Node joins a header that was sent twice. */
const ID = /^[\x21-\x2b\x2d-\x7e]+$/;

/** @returns what the headers name; an ID that is too long, or holds another character than one of `ID`, is left out */
export function attributionOf(headers: IncomingHttpHeaders): Attribution {
  const id = (name: string) => {
    const value = shortText(headers[name], MAX_ID_LENGTH);
    return value !== undefined && ID.test(value) ? value : undefined;
  };
  return {
    conversationId: id('x-claude-code-session-id'),
    agentId: id('x-claude-code-agent-id'),
    parentAgentId: id('x-claude-code-parent-agent-id'),
  };
}
