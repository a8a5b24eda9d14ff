/** Message Batches, kept in memory and processed at once. https://docs.anthropic.com/en/api/creating-message-batches */
import { createMessage } from './content.ts';
import { type MessageRequest, problemWith } from './requests.ts';
import { messageBody } from './responses.ts';
import { UNCACHED } from './usage.ts';

interface BatchRequest {
  readonly custom_id: string;
  readonly params: unknown;
}

interface Batch {
  readonly id: string;
  readonly createdAt: string;
  readonly requests: readonly BatchRequest[];
  canceled: boolean;
}

/** The oldest batch is forgotten first. */
const MAX_BATCHES = 1_000;
const MAX_REQUESTS = 100_000;
const DAY_MS = 86_400_000;

export class BatchStore {
  readonly #batches = new Map<string, Batch>();
  #created = 0;

  /** @returns the batch as the API shows it, or what is wrong with the body */
  create(body: unknown): object | string {
    const requests = (body as { requests?: unknown } | null)?.requests;
    if (!Array.isArray(requests) || requests.length === 0) return 'requests: Field required';
    if (requests.length > MAX_REQUESTS) return `requests: at most ${MAX_REQUESTS}`;
    const bad = requests.findIndex((one) => typeof one?.custom_id !== 'string');
    if (bad >= 0) return `requests.${bad}.custom_id: Field required`;
    this.#created += 1;
    const id = `msgbatch_sim_${this.#created.toString(36).padStart(8, '0')}`;
    const [oldest] = this.#batches.keys();
    if (oldest !== undefined && this.#batches.size >= MAX_BATCHES) this.#batches.delete(oldest);
    const batch = { id, createdAt: new Date().toISOString(), requests, canceled: false };
    this.#batches.set(id, batch);
    return show(batch);
  }

  get(id: string): object | undefined {
    const batch = this.#batches.get(id);
    return batch && show(batch);
  }

  cancel(id: string): object | undefined {
    const batch = this.#batches.get(id);
    if (batch) batch.canceled = true;
    return this.get(id);
  }

  delete(id: string): object | undefined {
    return this.#batches.delete(id) ? { id, type: 'message_batch_deleted' } : undefined;
  }

  /** @param query `limit` and `after_id` @returns a page, the newest first */
  page(query: URLSearchParams): object {
    const limit = Number(query.get('limit') ?? 20);
    const all = [...this.#batches.values()].reverse();
    const after = all.findIndex(({ id }) => id === query.get('after_id')) + 1;
    const data = all.slice(after, after + limit).map(show);
    const [first, last] = [all[after], all[after + data.length - 1]];
    return {
      data,
      first_id: first?.id ?? null,
      last_id: last?.id ?? null,
      has_more: after + limit < all.length,
    };
  }

  /** @returns one line of JSON for each request */
  *results(id: string): Generator<string> {
    const { requests = [], canceled } = this.#batches.get(id) ?? {};
    for (const [i, { custom_id, params }] of requests.entries()) {
      yield `{"custom_id":${JSON.stringify(custom_id)},"result":${canceled ? '{"type":"canceled"}' : resultOf(params, i)}}\n`;
    }
  }
}

function resultOf(params: unknown, n: number): string {
  const problem = problemWith(params, { counting: false, version: undefined });
  if (problem) {
    const error = { type: 'invalid_request_error', message: problem };
    return JSON.stringify({ type: 'errored', error: { type: 'error', error } });
  }
  const { tokens, ...message } = createMessage(params as MessageRequest, n, UNCACHED);
  const terms = { ...tokens.terms, serviceTier: 'batch' } as const;
  const body = messageBody({ ...message, tokens: { ...tokens, terms } });
  return `{"type":"succeeded","message":${body}}`;
}

function show({ id, createdAt, requests, canceled }: Batch) {
  const counts = { processing: 0, errored: 0, expired: 0 };
  return {
    id,
    type: 'message_batch',
    processing_status: 'ended',
    request_counts: {
      ...counts,
      succeeded: canceled ? 0 : requests.length,
      canceled: canceled ? requests.length : 0,
    },
    created_at: createdAt,
    ended_at: createdAt,
    expires_at: new Date(Date.parse(createdAt) + DAY_MS).toISOString(),
    cancel_initiated_at: canceled ? createdAt : null,
    archived_at: null,
    // The real API names its own host, which callers of the service cannot reach with their tokens.
    results_url: `https://api.anthropic.com/v1/messages/batches/${id}/results`,
  };
}
