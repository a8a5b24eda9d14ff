/** Node's own `fetch`. */
import { type Call, HEADERS, UPSTREAM } from '../serve.ts';

export function createCall(): Call {
  return async function call(body) {
    const response = await fetch(`${UPSTREAM}/v1/messages`, {
      method: 'POST',
      headers: HEADERS,
      body,
    });
    return {
      status: response.status,
      type: HEADERS['content-type'],
      body: await response.text(),
    };
  };
}
