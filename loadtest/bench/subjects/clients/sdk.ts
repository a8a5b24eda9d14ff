/** Anthropic's official SDK as people use it: objects in, objects out. */
import Anthropic from '@anthropic-ai/sdk';
import { type Call, HEADERS, UPSTREAM } from '../serve.ts';

export function createCall(): Call {
  const claude = new Anthropic({ baseURL: UPSTREAM, apiKey: HEADERS['x-api-key'] });
  return async function call(body) {
    const message = await claude.messages.create(JSON.parse(body));
    return { status: 200, type: HEADERS['content-type'], body: JSON.stringify(message) };
  };
}
