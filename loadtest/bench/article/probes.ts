/** Tries what clients do where the article says what they can do, against a server that counts. */
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importPackage } from '../packages.ts';

/** How a client is used, by its documented interface alone. */
interface Tried {
  /** Makes a call whose hook adds the header `x-hook`. */
  hooked(url: string): Promise<unknown>;
  /**
   * Makes a call through a function that goes around it and calls on twice, and notes when it begins and ends; absent
   * where the interface has no such function.
   */
  wrapped?(url: string, note: (when: string) => void): Promise<unknown>;
  /** Makes calls with this pool. */
  pooled(agent: Agent): (url: string) => Promise<unknown>;
  /** Makes calls as it is. */
  plain(): (url: string) => Promise<unknown>;
}

interface Trae {
  create(config?: object): {
    before(hook: (config: { headers: object }) => object): void;
    get(url: string): Promise<unknown>;
  };
}

async function trae(): Promise<Tried> {
  const { default: client } = await importPackage<{ default: Trae }>('trae');
  return {
    hooked(url) {
      const api = client.create();
      api.before((config) => ({ ...config, headers: { ...config.headers, 'x-hook': '1' } }));
      return api.get(url);
    },
    pooled: (agent) => {
      const api = client.create({ agent });
      return (url) => api.get(url);
    },
    plain: () => {
      const api = client.create();
      return (url) => api.get(url);
    },
  };
}

type Adapter = (config: object) => Promise<unknown>;
interface Axios {
  readonly defaults: { readonly adapter: unknown };
  getAdapter(adapter: unknown): Adapter;
  create(config?: object): {
    readonly interceptors: {
      readonly request: { use(hook: (config: { headers: object }) => object): void };
    };
    get(url: string): Promise<unknown>;
  };
}

async function axios(): Promise<Tried> {
  const { default: client } = await importPackage<{ default: Axios }>('axios');
  return {
    hooked(url) {
      const api = client.create();
      api.interceptors.request.use((config) => {
        Object.assign(config.headers, { 'x-hook': '1' });
        return config;
      });
      return api.get(url);
    },
    wrapped(url, note) {
      const next = client.getAdapter(client.defaults.adapter);
      const adapter: Adapter = async (config) => {
        note('before');
        await next(config);
        const answer = await next(config);
        note('after');
        return answer;
      };
      return client.create({ adapter }).get(url);
    },
    pooled: (httpAgent) => {
      const api = client.create({ httpAgent });
      return (url) => api.get(url);
    },
    plain: () => {
      const api = client.create();
      return (url) => api.get(url);
    },
  };
}

interface Got {
  (url: string): Promise<unknown>;
  extend(options: object): (url: string) => Promise<unknown>;
}

async function got(): Promise<Tried> {
  const { default: client } = await importPackage<{ default: Got }>('got');
  type Next = (options: object) => Promise<unknown>;
  return {
    hooked(url) {
      const hook = ({ headers }: { headers: object }) =>
        void Object.assign(headers, { 'x-hook': '1' });
      return client.extend({ hooks: { beforeRequest: [hook] } })(url);
    },
    wrapped(url, note) {
      const twice = async (options: object, next: Next) => {
        note('before');
        await next(options);
        const answer = await next(options);
        note('after');
        return answer;
      };
      return client.extend({ handlers: [twice] })(url);
    },
    pooled: (http) => client.extend({ agent: { http } }),
    plain: () => client,
  };
}

const CLIENTS = { Trae: trae, Axios: axios, Got: got } as const;

/** What the article's table says something of, as it was seen. */
export interface Seen {
  readonly hooks: boolean;
  readonly around: boolean;
  readonly again: boolean;
  readonly connectionsOfTwo: number;
  readonly connectionsInTurn: number;
}

const CALLS = 8;
/** Calls at once must overlap. */
const ANSWER_MS = 50;

interface Counts {
  connections: number;
  requests: number;
  hooked: number;
}

/** Counts what one way of calling does. */
async function seen(work: (url: string) => Promise<unknown>, answerMs = 0): Promise<Counts> {
  const counts: Counts = { connections: 0, requests: 0, hooked: 0 };
  const server = createServer((request, response) => {
    counts.requests += 1;
    counts.hooked += request.headers['x-hook'] ? 1 : 0;
    setTimeout(() => response.end('{}'), answerMs);
  });
  server.on('connection', () => {
    counts.connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  return counts;
}

/** @throws {Error} when the client is not installed */
export async function probe(name: keyof typeof CLIENTS): Promise<Seen> {
  const client = await CLIENTS[name]();
  const { hooked } = await seen((url) => client.hooked(url));
  const notes: string[] = [];
  const wrapped = await seen(async (url) => client.wrapped?.(url, (when) => notes.push(when)));
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const pooled = await seen((url) => {
    const call = client.pooled(agent);
    return Promise.all(Array.from({ length: CALLS }, () => call(url)));
  }, ANSWER_MS);
  agent.destroy();
  const inTurn = await seen(async (url) => {
    const call = client.plain();
    for (let i = 0; i < CALLS; i += 1) await call(url);
  });
  return {
    hooks: hooked === 1,
    around: notes.join() === 'before,after',
    again: wrapped.requests === 2,
    connectionsOfTwo: pooled.connections,
    connectionsInTurn: inTurn.connections,
  };
}
