/** Measures what a pipeline has to do differently for streams: docs/streams.md. */
import { type Claude, createClaude, type Outcome } from 'claude-observatory/pipeline';
import type { Fault } from '../../loadtest/simulator/faults.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../../loadtest/simulator/server.ts';
import { quantile, table } from './figures.ts';

const BODY = {
  model: 'claude-haiku-5-5',
  max_tokens: 1_024,
  // The simulator repeats it.
  messages: [{ role: 'user', content: 'Tell me something. '.repeat(30) }],
  stream: true,
};

/** One stream as its caller sees it. */
export interface Streamed {
  /** 0 without a response. */
  readonly status: number;
  readonly outcome: Outcome | 'error';
  /** From the request to the first piece of text, milliseconds; undefined without one. */
  readonly firstTextMs: number | undefined;
  /** To the end. */
  readonly wholeMs: number;
}

async function readOne(claude: Claude): Promise<Streamed> {
  const startMs = performance.now();
  const sinceStart = () => performance.now() - startMs;
  let firstTextMs: number | undefined;
  const response = await claude.messages(BODY).catch(() => undefined);
  if (!response) return { status: 0, outcome: 'error', firstTextMs, wholeMs: sinceStart() };
  const { status, data } = response;
  try {
    if (typeof data !== 'string') {
      for await (const events of data) {
        if (events.some(({ type }) => type === 'content_block_delta')) firstTextMs ??= sinceStart();
      }
    }
  } catch {
    // A stream that breaks throws; how it ended is its outcome.
  }
  return { status, outcome: await response.outcome, firstTextMs, wholeMs: sinceStart() };
}

/** So many streams, ten at a time. @param maxRetries of each */
export async function measureStreams(
  simulator: Simulator,
  count: number,
  {
    faults = [],
    maxRetries = 3,
  }: { readonly faults?: readonly Fault[]; readonly maxRetries?: number },
): Promise<{ readonly streams: readonly Streamed[]; readonly requests: number }> {
  process.env['QUESTIONS_KEY'] = DEFAULT_KEY;
  const upstreams = [{ name: 'simulator', url: simulator.url, keys: 'env:QUESTIONS_KEY' }];
  const claude = createClaude({ upstreams, maxRetries });
  const before = simulator.seen();
  simulator.setFaults(faults);
  const streams: Streamed[] = [];
  const worker = async () => {
    for (let left = count / 10; left > 0; left--) streams.push(await readOne(claude));
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  simulator.setFaults([]);
  await claude.close();
  return { streams, requests: simulator.seen() - before };
}

/** A share of the streams fails with an error as their first event, inside a 200; or is cut once it has begun. */
export const EARLY: Fault = { kind: 'stream_error', afterChunks: 0, probability: 0.2 };
export const CUT: Fault = { kind: 'stream_cut', afterChunks: 3, probability: 0.2 };

/** @returns what stands on the page @param count a multiple of ten */
export async function measure(count = 200): Promise<string> {
  const quick = await startSimulator();
  const real = await startSimulator({ profile: 'realistic' });
  try {
    const rows: string[][] = [];
    const cases = [
      { name: 'a fifth fails before its first content', faults: [EARLY] },
      { name: 'the same, and nothing is retried', faults: [EARLY], maxRetries: 0 },
      { name: 'a fifth is cut after its third piece', faults: [CUT] },
    ];
    for (const { name, ...options } of cases) {
      const { streams, requests } = await measureStreams(quick, count, options);
      const of = (fits: (one: Streamed) => boolean) => `${streams.filter(fits).length}`;
      rows.push([
        name,
        of(({ status }) => status === 200),
        of(({ outcome }) => outcome === 'success'),
        (requests / count).toFixed(2),
      ]);
    }
    const { streams } = await measureStreams(real, count / 5, {});
    const first = streams.map(({ firstTextMs = Number.NaN }) => firstTextMs);
    const whole = streams.map(({ wholeMs }) => wholeMs);
    const times = [0.5, 0.9].map((share) => [
      `P${share * 100}`,
      `${(quantile(first, share) / 1000).toFixed(2)} s`,
      `${(quantile(whole, share) / 1000).toFixed(2)} s`,
    ]);
    const head = [`of ${count} streams`, 'with status 200', 'outcome success', 'attempts each'];
    return [
      table(head, rows),
      table(
        [`${count / 5} streams at a model's pace`, 'first text', 'the whole, if it were collected'],
        times,
      ),
    ].join('\n\n');
  } finally {
    await Promise.all([quick.close(), real.close()]);
  }
}
