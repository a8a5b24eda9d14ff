/** Reads streams, many at once: when each chunk came, and which never did. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../lib/load.ts';
import { askOf, STREAM } from './answers.ts';

/** How long a stream may take in all, of which the chunks take 1.3 s. */
const LIMIT_MS = 60_000;
const CHUNK = /chunk-(\d+);/g;

/** The chunks of one stream, in the order in which they came. */
export class StreamReading {
  readonly #startedMs: number;
  readonly arrivals: { readonly number: number; readonly atMs: number }[] = [];
  isWhole = false;
  #rest = '';

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  /** @param text any part of the stream; an event may be cut anywhere */
  read(text: string, atMs: number): void {
    const all = this.#rest + text;
    const end = all.lastIndexOf('\n\n') + 1;
    for (const [, number] of all.slice(0, end).matchAll(CHUNK)) {
      this.arrivals.push({ number: Number(number), atMs });
    }
    this.isWhole ||= all.slice(0, end).includes('event: message_stop');
    this.#rest = all.slice(end);
  }

  /** Chunks that did not come, or came again or out of turn. */
  get lost(): number {
    const inTurn = this.arrivals.filter(({ number }, i) => number === i).length;
    return Math.max(STREAM.chunks, this.arrivals.length) - inTurn;
  }

  get firstMs(): number | undefined {
    const [first] = this.arrivals;
    return first && first.atMs - this.#startedMs;
  }

  get gapsMs(): number[] {
    const times = this.arrivals.map(({ atMs }) => atMs);
    return times.slice(1).map((atMs, i) => atMs - (times[i] as number));
  }
}

export interface StreamLoad {
  readonly url: string;
  /** Streams held at once. */
  readonly held: number;
  /** Streams that are timed, one after the other in each place. */
  readonly each: number;
  /** Streams before them, whose times are those of code that is not compiled yet, here and there. */
  readonly untimed: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface StreamFigures {
  /** Those that were timed. */
  readonly streams: number;
  readonly firstP50Ms: number;
  readonly firstP99Ms: number;
  readonly gapP50Ms: number;
  readonly gapP99Ms: number;
  /** Chunks that did not come, counted over all streams: the untimed ones have to come whole as well. */
  readonly framesLost: number;
  /** Streams that did not come to their end. */
  readonly broken: number;
}

/** @param readings those of each place, in turn */
export function streamFigures(
  readings: readonly (readonly StreamReading[])[],
  untimed: number,
): StreamFigures {
  const all = readings.flat();
  const timed = readings.flatMap((place) => place.slice(untimed));
  const firsts = timed.flatMap(({ firstMs }) => firstMs ?? []);
  const gaps = timed.flatMap(({ gapsMs }) => gapsMs);
  const at = (values: readonly number[], share: number) => percentile(values, share) ?? Number.NaN;
  return {
    streams: timed.length,
    firstP50Ms: at(firsts, 0.5),
    firstP99Ms: at(firsts, 0.99),
    gapP50Ms: at(gaps, 0.5),
    gapP99Ms: at(gaps, 0.99),
    framesLost: all.reduce((sum, { lost }) => sum + lost, 0),
    broken: all.filter(({ isWhole }) => !isWhole).length,
  };
}

const BODY = askOf(1_000, true);

/** Never rejects: what does not come is lost. */
function readStream({ url, headers }: StreamLoad, agent: Agent): Promise<StreamReading> {
  const reading = new StreamReading(performance.now());
  return new Promise((resolve) => {
    const end = () => resolve(reading);
    const options = { method: 'POST', agent, headers, timeout: LIMIT_MS };
    const sent = request(`${url}/v1/messages`, options, (response: IncomingMessage) => {
      response.setEncoding('latin1');
      response.on('data', (text: string) => reading.read(text, performance.now()));
      response.on('close', end);
      response.on('error', end);
    });
    sent.on('error', end);
    sent.on('timeout', () => sent.destroy());
    sent.end(BODY);
  });
}

/** Begins the places evenly over the length of a stream: beginning at once would be a burst, not streams that are held. */
export async function readStreams(load: StreamLoad): Promise<StreamFigures> {
  const agent = new Agent({ keepAlive: true });
  const lengthMs = STREAM.chunks * STREAM.everyMs;
  const place = async (i: number) => {
    await delay((i / load.held) * lengthMs);
    const readings: StreamReading[] = [];
    while (readings.length < load.untimed + load.each) readings.push(await readStream(load, agent));
    return readings;
  };
  const all = await Promise.all(Array.from({ length: load.held }, (_, i) => place(i)));
  agent.destroy();
  return streamFigures(all, load.untimed);
}
