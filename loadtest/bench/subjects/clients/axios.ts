/** Axios with a pool of kept connections, and text in place of parsed JSON. */
import { Agent } from 'node:http';
import { importPackage } from '../../packages.ts';
import { type Call, CONNECTIONS, HEADERS, UPSTREAM } from '../serve.ts';

interface Axios {
  create(config: object): {
    post(url: string, body: string): Promise<{ status: number; data: string }>;
  };
}

export async function createCall(): Promise<Call> {
  const { default: axios } = await importPackage<{ default: Axios }>('axios');
  const api = axios.create({
    baseURL: UPSTREAM,
    headers: HEADERS,
    httpAgent: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }),
    responseType: 'text',
    transformRequest: [],
    transformResponse: [],
  });
  return async function call(body) {
    const { status, data } = await api.post('/v1/messages', body);
    return { status, type: HEADERS['content-type'], body: data };
  };
}
