/** The pipeline: stages around a transport, added with `use()` in any of the article's forms. */
import { unrecordedCall } from '../telemetry/recorder.ts';
import { CallState } from './call-state.ts';
import type { Next, PipelineRequest, PipelineResponse, Stage } from './stage.ts';

/**
 * Wraps `last` in stages, the first one outermost. A stage may call `next` again; each call goes
 * through everything below it.
 *
 * @example
 * const send = compose([retry(options, deps), authenticate()], transport);
 */
export function compose(stages: readonly Stage[], last: Next): Next {
  return stages.reduceRight<Next>((next, stage) => (request) => stage(request, next), last);
}

/** A request as `use()`'s short forms may change it: it is a copy, so changing it is safe. */
export type MutableRequest = { -readonly [K in keyof PipelineRequest]: PipelineRequest[K] } & {
  headers: Record<string, string>;
};

/** The article's first form: takes the request's configuration, returns what is sent. */
export type RequestHook = (request: MutableRequest) => MutableRequest | Promise<MutableRequest>;

/** The article's second form. `response` sees responses of every status. */
export interface HookPair {
  readonly request?: RequestHook;
  readonly response?: (r: PipelineResponse) => PipelineResponse | Promise<PipelineResponse>;
}

/** What `use()` takes: the article's two forms, and a stage, which goes around the call. */
export type Middleware = RequestHook | HookPair | Stage;

/** Makes a stage of any form. A function of two parameters is a stage, of fewer a request hook. */
export function toStage(middleware: Middleware): Stage {
  if (typeof middleware === 'function') {
    return middleware.length >= 2
      ? (middleware as Stage)
      : hookStage({ request: middleware as RequestHook });
  }
  return hookStage(middleware);
}

function hookStage({ request: before, response: after }: HookPair): Stage {
  return async function hooks(request, next) {
    const sent = before ? await before({ ...request, headers: { ...request.headers } }) : request;
    const response = await next(sent);
    return after ? after(response) : response;
  };
}

/** What a caller of `request()` gives; the rest has defaults. */
export type RequestInit = Pick<PipelineRequest, 'url'> & Partial<PipelineRequest>;

/**
 * A client with the interface that the article shows.
 *
 * @example
 * const api = createPipeline(createTransport(pool), { upstream })
 *   .use(retry(options, deps))
 *   .use({ response: (response) => response });
 * await api.post('/v1/messages', { model, max_tokens: 64, messages });
 */
export interface Pipeline {
  /** Adds a layer below those added before. @returns the pipeline, for chaining */
  use(middleware: RequestHook): Pipeline;
  use(middleware: HookPair): Pipeline;
  use(middleware: Stage): Pipeline;
  /** Names of the stages, outermost first. */
  stages(): readonly string[];
  /** Sends a complete request. */
  send(request: PipelineRequest): Promise<PipelineResponse>;
  request(init: RequestInit): Promise<PipelineResponse>;
  get(url: string, init?: Partial<PipelineRequest>): Promise<PipelineResponse>;
  /** @param body a value to serialise, or text that is sent as it is */
  post(url: string, body: unknown, init?: Partial<PipelineRequest>): Promise<PipelineResponse>;
}

const DEFAULTS = {
  method: 'GET',
  headers: {},
  operation: 'chat',
  model: '',
  stream: false,
  signal: new AbortController().signal,
  deadlineAtMs: Number.POSITIVE_INFINITY,
} as const;

/**
 * @param defaults of `request`, `get` and `post`; an upstream, say
 * @returns a pipeline over a transport, without a stage yet
 */
export function createPipeline(transport: Next, defaults: Partial<PipelineRequest> = {}): Pipeline {
  const stages: Stage[] = [];
  let run: Next = transport;
  const request = ({ url, ...init }: RequestInit) => {
    const own = { state: new CallState(performance.now.bind(performance)), call: unrecordedCall };
    return run({ ...DEFAULTS, ...own, url, ...defaults, ...init });
  };
  const pipeline: Pipeline = {
    use(middleware: Middleware) {
      stages.push(toStage(middleware));
      run = compose(stages, transport);
      return pipeline;
    },
    stages: () => stages.map(({ name }) => name),
    send: (request) => run(request),
    request,
    get: (url, init = {}) => request({ ...init, method: 'GET', url }),
    post: (url, body, init = {}) =>
      request({
        ...init,
        method: 'POST',
        url,
        headers: { 'Content-Type': 'application/json', ...init.headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
  return pipeline;
}
