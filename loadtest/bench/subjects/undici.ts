/** The call of the limit: `undici.request` over a pool, whose answer goes on as it comes. */
import { Agent, request } from 'undici';
import { type Call, CONNECTIONS, HEADERS, UPSTREAM } from './serve.ts';

export function createCall(): Call {
  const dispatcher = new Agent({ connections: CONNECTIONS });
  return async function call(body) {
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(`${UPSTREAM}/v1/messages`, {
      method: 'POST',
      headers: HEADERS,
      body,
      dispatcher,
    });
    const type = String(headers['content-type']);
    const isStream = type.startsWith('text/event-stream');
    return { status: statusCode, type, body: isStream ? answer : await answer.text() };
  };
}
