/** Got with a pool of kept connections, and text in place of parsed JSON. */
import { Agent } from 'node:http';
import { importPackage } from '../../packages.ts';
import { type Call, CONNECTIONS, HEADERS, UPSTREAM } from '../serve.ts';

interface Got {
  extend(options: object): {
    post(url: string, options: object): Promise<{ statusCode: number; body: string }>;
  };
}

export async function createCall(): Promise<Call> {
  const { default: got } = await importPackage<{ default: Got }>('got');
  const api = got.extend({
    headers: HEADERS,
    agent: { http: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }) },
    responseType: 'text',
  });
  return async function call(body) {
    const { statusCode, body: text } = await api.post(`${UPSTREAM}/v1/messages`, { body });
    return { status: statusCode, type: HEADERS['content-type'], body: text };
  };
}
