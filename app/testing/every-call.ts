/** For tests: one call of each kind that the service takes, complete and streamed, refused ones too. */

/** A request, without its headers. */
export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const messages = [{ role: 'user', content: 'Hello' }];

/** The calls that name a model. */
export function callsOf(model: string): readonly Ask[] {
  const params = { model, max_tokens: 64, messages };
  const post = (path: string, body: unknown) => ({ method: 'POST', path, body });
  return [
    post('/v1/messages', params),
    post('/v1/messages', { ...params, stream: true, thinking: { type: 'adaptive' } }),
    post('/v1/messages/count_tokens', { model, messages }),
    post('/v1/batch', { requests: [{ params }] }),
    { method: 'GET', path: `/v1/models/${model}` },
  ];
}

/** The calls that name none. */
export const OTHER_CALLS: readonly Ask[] = [
  { method: 'GET', path: '/v1/models' },
  { method: 'GET', path: '/v1/messages/batches' },
  {
    method: 'POST',
    path: '/v1/messages/batches',
    body: { requests: [{ custom_id: 'one', params: { max_tokens: 64, messages } }] },
  },
  { method: 'GET', path: '/v1/messages/batches/msgbatch_none' },
  { method: 'DELETE', path: '/v1/messages/batches/msgbatch_none' },
  { method: 'POST', path: '/v1/messages/batches/msgbatch_none/cancel' },
  { method: 'GET', path: '/v1/messages/batches/msgbatch_none/results' },
];

/** Requests that the service refuses by itself. */
export const REFUSED_CALLS: readonly Ask[] = [
  { method: 'POST', path: '/v1/messages', body: { model: 1 } },
  { method: 'POST', path: '/v1/messages', body: 'x'.repeat(300_000) },
  { method: 'POST', path: '/v1/messages/count_tokens', body: [] },
  { method: 'POST', path: '/v1/batch', body: { requests: [] } },
  { method: 'GET', path: '/v1/messages' },
  { method: 'GET', path: '/v1/none' },
  { method: 'GET', path: '/v1/models/%zz' },
];
