/**
 * Counts, through the inspector of a running Node process, what the process holds while it is idle.
 * https://chromedevtools.github.io/devtools-protocol/v8/
 */

/** What a process holds, each a count unless it says otherwise. */
export interface Holdings {
  /** After garbage collection, bytes. */
  readonly heap: number;
  readonly sockets: number;
  readonly timers: number;
  /** `AbortSignal`s alive. */
  readonly signals: number;
  /** Listeners on all `AbortSignal`s and `EventEmitter`s alive. */
  readonly listeners: number;
}

export interface Inspector {
  holdings(): Promise<Holdings>;
  close(): void;
}

/** Environment of a process that is to be inspected; the system chooses the inspector's port. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' } as const;

const RESOURCES = 'process.getActiveResourcesInfo()';
const SIGNALS = 'AbortSignal.prototype';
const EMITTERS = "process.getBuiltinModule('node:events').prototype";
/** These functions run in the process; `this` is the list of all instances of a prototype. */
const COUNT = 'function () { return this.length; }';
const COUNT_OF_SIGNALS = `function () {
  const { getEventListeners } = process.getBuiltinModule('node:events');
  return this.reduce((n, signal) => n + getEventListeners(signal, 'abort').length, 0);
}`;
const COUNT_OF_EMITTERS = `function () {
  const on = (emitter) => emitter._events
    ? emitter.eventNames().reduce((n, name) => n + emitter.listenerCount(name), 0) : 0;
  return this.reduce((n, emitter) => n + on(emitter), 0);
}`;

type Send = (method: string, params?: object) => Promise<Record<string, unknown>>;
interface Remote {
  readonly value?: unknown;
  readonly objectId?: string;
}

/**
 * Connects to the inspector of a process.
 * @param errors standard error of a process that was started with `INSPECTED`
 * @throws {Error} when its inspector has not announced itself there
 */
export async function inspect(errors: string): Promise<Inspector> {
  const url = /ws:\/\/\S+/.exec(errors)?.[0];
  if (url === undefined) throw new Error('the process has no inspector');
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const send = sender(socket);
  return { holdings: () => holdings(send), close: () => socket.close() };
}

function sender(socket: WebSocket): Send {
  const waiting = new Map<number, (result: Record<string, unknown>) => void>();
  let ids = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data));
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  return (method, params = {}) =>
    new Promise((resolve) => {
      ids += 1;
      waiting.set(ids, resolve);
      socket.send(JSON.stringify({ id: ids, method, params }));
    });
}

/** The inspector holds every object that it returns until the object's group is released. */
const GROUP = { objectGroup: 'holdings' } as const;

async function evaluate(send: Send, expression: string, byValue: boolean): Promise<Remote> {
  const params = { expression, returnByValue: byValue, ...GROUP };
  return (await send('Runtime.evaluate', params))['result'] as Remote;
}

async function countAll(send: Send, prototype: string, count: string): Promise<number> {
  const { objectId: prototypeObjectId } = await evaluate(send, prototype, false);
  const { objects } = await send('Runtime.queryObjects', { prototypeObjectId, ...GROUP });
  const { objectId } = objects as Remote;
  const call = { objectId, functionDeclaration: count, returnByValue: true };
  return Number(((await send('Runtime.callFunctionOn', call))['result'] as Remote).value);
}

async function holdings(send: Send): Promise<Holdings> {
  await send('Runtime.releaseObjectGroup', GROUP);
  // The first collection runs finalisers, and the second collects what they released.
  await send('HeapProfiler.collectGarbage');
  await send('HeapProfiler.collectGarbage');
  const heap = Number((await evaluate(send, 'process.memoryUsage().heapUsed', true)).value);
  const resources = (await evaluate(send, RESOURCES, true)).value as string[];
  const signals = await countAll(send, SIGNALS, COUNT);
  const onSignals = await countAll(send, SIGNALS, COUNT_OF_SIGNALS);
  const onEmitters = await countAll(send, EMITTERS, COUNT_OF_EMITTERS);
  await send('Runtime.releaseObjectGroup', GROUP);
  return {
    heap,
    sockets: resources.filter((name) => name === 'TCPSocketWrap').length,
    timers: resources.filter((name) => name === 'Timeout').length,
    signals,
    listeners: onSignals + onEmitters,
  };
}
