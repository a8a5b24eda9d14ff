/** A Message Batch: made, asked for until it has ended, and read; each of its results is judged. */
import { Exchanges, judged, type Sending } from './exchanges.ts';
import { asObject, type Json, parseObject } from './json.ts';
import type { Answer, Asked, Call, Verdict } from './kinds.ts';
import { messageRequest } from './prompts.ts';
import { failed, judgeMessage, OK } from './verdict.ts';

const BATCHES = '/v1/messages/batches';

/** Only such an ID of the service's answer goes into a path. */
const ID = /^[\w-]{1,128}$/;

/** Requests of one batch. */
export const BATCH_SIZE = 3;
const CUSTOM_IDS = Array.from({ length: BATCH_SIZE }, (_, i) => `n${i}`);

/** How often a batch is asked for before the caller gives up, and the pause before each further time. */
export const POLLS = 20;
const POLL_PAUSE_MS = 200;

export function* batch(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const made = yield* exchanges.send({ method: 'POST', path: BATCHES, body: bodyOf(asked) });
  const verdict = judged(made, judgeBatch);
  if (!verdict.ok) return exchanges.observe(verdict);
  const path = `${BATCHES}/${parseObject(made.body)?.['id']}`;
  const ended = yield* untilEnded(exchanges, path);
  const state = judged(ended, judgeEnded);
  if (!state.ok) return exchanges.observe(state);
  const results = yield* exchanges.send({ method: 'GET', path: `${path}/results` });
  return exchanges.observe(judged(results, judgeResults));
}

function bodyOf(asked: Asked): string {
  const params = JSON.parse(messageRequest(asked).body);
  const requests = CUSTOM_IDS.map((custom_id) => ({ custom_id, params }));
  return JSON.stringify({ requests });
}

/** @returns the last answer: that the batch has ended, that it has not, or an error */
function* untilEnded(exchanges: Exchanges, path: string): Sending {
  let answer: Answer = yield* exchanges.send({ method: 'GET', path });
  for (let polls = 1; polls < POLLS && isRunning(answer); polls++) {
    yield { pauseMs: POLL_PAUSE_MS };
    answer = yield* exchanges.send({ method: 'GET', path });
  }
  return answer;
}

function isRunning({ status, body }: Answer): boolean {
  return status === 200 && parseObject(body)?.['processing_status'] === 'in_progress';
}

function judgeBatch(status: number, body: string): Verdict {
  if (status !== 200) return failed(`status_${status}`);
  const { id, type } = parseObject(body) ?? {};
  const isBatch = type === 'message_batch' && typeof id === 'string' && ID.test(id);
  return isBatch ? OK : failed('not_a_batch');
}

function judgeEnded(status: number, body: string): Verdict {
  const verdict = judgeBatch(status, body);
  if (!verdict.ok) return verdict;
  return parseObject(body)?.['processing_status'] === 'ended' ? OK : failed('batch_not_ended');
}

/** There must be one good result for each request; they may come in any order. */
function judgeResults(status: number, body: string): Verdict {
  if (status !== 200) return failed(`status_${status}`);
  const lines = body.split('\n').filter((line) => line !== '');
  const results = lines.map(parseObject);
  const ids = new Set(results.map((result) => result?.['custom_id']));
  const isWhole = lines.length === BATCH_SIZE && CUSTOM_IDS.every((id) => ids.has(id));
  if (!isWhole) return failed('results_missing');
  return results.every(succeeded) ? OK : failed('bad_result');
}

function succeeded(line: Json | undefined): boolean {
  const result = asObject(line?.['result']);
  const message = asObject(result?.['message']);
  return result?.['type'] === 'succeeded' && message !== undefined && judgeMessage(message).ok;
}
