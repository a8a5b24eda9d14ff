/**
 * Reads what the results of Message Batches used, as they pass. Results are downloaded as often as somebody likes
 * and are billed once: each line counts the first time that this instance sees it.
 */
import { isObject, parseObject, readMessage } from '../anthropic/messages.ts';
import type { SseEvent } from '../anthropic/sse.ts';
import type { UsageReport } from '../anthropic/usage.ts';
import { UsageReader } from '../anthropic/usage-reader.ts';
import type { PipelineRequest } from './stage.ts';

/** The one that was first seen longest ago is forgotten first. Results can be had for 29 days. */
export const MAX_BATCHES = 10_000;

export class BatchResults {
  /** How many lines of a batch's results were counted; their order does not change. */
  readonly #counted = new Map<string, { lines: number }>();

  /**
   * @param request for the results of a batch
   * @returns what must see every block of its answer, whole lines, in order
   */
  reader({ url, upstream, call }: PipelineRequest): (block: SseEvent) => void {
    const counted = this.#progressOf(`${upstream?.name} ${url.split('?', 1)[0]}`);
    let line = 0;
    return ({ raw }) => {
      for (const one of linesOf(raw)) {
        line += 1;
        if (line <= counted.lines) continue;
        counted.lines = line;
        const report = reportOf(one);
        if (report) call.recordUsage(report);
      }
    };
  }

  #progressOf(batch: string): { lines: number } {
    const known = this.#counted.get(batch);
    if (known) return known;
    const [oldest] = this.#counted.keys();
    if (oldest !== undefined && this.#counted.size >= MAX_BATCHES) this.#counted.delete(oldest);
    const progress = { lines: 0 };
    this.#counted.set(batch, progress);
    return progress;
  }
}

/** @returns the lines that are not empty, one after the other: there may be millions of empty ones */
function* linesOf({ buffer, byteOffset, byteLength }: Uint8Array): Generator<string> {
  const text = Buffer.from(buffer, byteOffset, byteLength).toString();
  for (let from = 0, to = 0; from < text.length; from = to + 1) {
    to = text.indexOf('\n', from);
    if (to < 0) to = text.length;
    const line = to > from ? text.slice(from, to).trim() : '';
    if (line !== '') yield line;
  }
}

/** @returns undefined for a request that has no answer, which is not billed */
function reportOf(line: string): UsageReport | undefined {
  const result = parseObject(line)?.['result'];
  if (isObject(result) && result['type'] !== 'succeeded') return undefined;
  const message = isObject(result) ? result['message'] : undefined;
  const { model = '', stopReason } = readMessage(message);
  const usage = new UsageReader();
  usage.read(isObject(message) ? message['usage'] : undefined);
  return usage.report({ model, stopReason, batch: true });
}
