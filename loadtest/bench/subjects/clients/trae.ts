/** Trae as it ships: over Node's global `fetch`. */
import { importPackage } from '../../packages.ts';
import { type Call, HEADERS, UPSTREAM } from '../serve.ts';

interface Trae {
  create(config: object): {
    post(url: string, body: string, config: object): Promise<{ status: number; data: string }>;
  };
}

export async function createCall(): Promise<Call> {
  const { default: trae } = await importPackage<{ default: Trae }>('trae');
  const api = trae.create({ baseUrl: UPSTREAM });
  // Its own `Content-Type` would be sent beside a lower-case one.
  const { 'content-type': type, ...headers } = HEADERS;
  const config = { headers: { ...headers, 'Content-Type': type }, bodyType: 'text' };
  return async function call(body) {
    const { status, data } = await api.post('/v1/messages', body, config);
    return { status, type, body: data };
  };
}
