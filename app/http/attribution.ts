/**
 * Whose work a request belongs to, as clients say in headers: Claude Code names its session, and its subagents.
 * https://code.claude.com/docs/en/llm-gateway-protocol
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Attribution } from '../telemetry/recorder.ts';

/** As of every other ID. Node joins a header that was sent twice by a comma, which is none of these. */
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** @returns what the headers name; an ID that is too long, or holds any other character, is left out */
export function attributionOf(headers: IncomingHttpHeaders): Attribution {
  const id = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' && ID.test(value) ? value : undefined;
  };
  return {
    conversationId: id('x-claude-code-session-id'),
    agentId: id('x-claude-code-agent-id'),
    parentAgentId: id('x-claude-code-parent-agent-id'),
  };
}
