/**
 * The rounds of a run. In each, everything under test is started afresh, warmed up, and measured side by side: neighbours
 * that take the caches of a machine come and go within seconds, so what is compared is measured seconds apart.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askOf } from './answers.ts';
import { gatewayHeaders } from './gateways.ts';
import { type Sink, startSink, startUpstream, type UpstreamProcess } from './helpers.ts';
import {
  type Fail,
  freeze,
  idleBytes,
  measureSeries,
  measureStreams,
  orderOf,
  type Plan,
  recoveredBytes,
  type Target,
  warmUp,
} from './measure.ts';
import { readLatencyNs } from './memory.ts';
import type { BenchOptions } from './options.ts';
import type { Pinning } from './pinning.ts';
import type { StreamFigures } from './stream-reader.ts';
import type { Subject } from './subject.ts';
import { startSubject } from './subject-process.ts';
import {
  QUICK_STREAMS,
  SERIES,
  type SeriesFigures,
  type SeriesName,
  STREAM_SERIES,
  type StreamSeriesName,
  type Visit,
} from './visit.ts';

/** The upstream without anything between: what every subject adds to. */
export const DIRECT = 'direct';

export type Say = (line: string) => void;

/** What every visit shares. */
export interface World {
  readonly upstream: UpstreamProcess;
  readonly sink: Sink;
  readonly folder: string;
  readonly pinning: Pinning;
  readonly plan: Plan;
  close(): void;
}

export async function createWorld(options: BenchOptions, pinning: Pinning): Promise<World> {
  const upstream = await startUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  // Also where the run is ended by a signal.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const bodyFiles = { small: join(folder, 'small.json'), large: join(folder, 'large.json') };
  writeFileSync(bodyFiles.small, askOf(1_000, false));
  writeFileSync(bodyFiles.large, askOf(1_000_000, false));
  const headers = gatewayHeaders(upstream.url);
  const plan = { ...options, upstream, headers, bodyFiles };
  const sink = await startSink();
  const close = () => {
    upstream.stop();
    sink.server.close();
    sink.server.closeAllConnections();
  };
  return { upstream, sink, folder, pinning, plan, close };
}

function describe(figures: SeriesFigures | StreamFigures): string {
  if ('streams' in figures) {
    const { firstP99Ms, gapP99Ms, framesLost, broken } = figures;
    const first = `first P99 ${firstP99Ms.toFixed(1)} ms, gap P99 ${gapP99Ms.toFixed(1)} ms`;
    return `${first}, ${framesLost} frames lost, ${broken} broken`;
  }
  const { perSecond, p50Ms, p99Ms, cpuUs, busy, invalid } = figures;
  const cpu = cpuUs === undefined ? '' : `, ${cpuUs.toFixed(0)} µs CPU`;
  const of = busy === undefined ? '' : ` (${(100 * busy).toFixed(0)} % of a core)`;
  const latency = `P50 ${p50Ms.toFixed(2)}, P99 ${p99Ms.toFixed(2)} ms`;
  const wrong = invalid && `  INVALID: ${invalid}`;
  return `${perSecond.toFixed(0).padStart(6)}/s, ${latency}${cpu}${of}${wrong}`;
}

/** A target of a round, with its figures as they come. */
interface Entrant extends Target {
  readonly visit: Visit;
  stop(): Promise<void>;
}

async function enterDirect({ upstream, plan }: World, round: number): Promise<Entrant> {
  const visit = { subject: DIRECT, round, series: {}, streams: {} };
  const target = {
    name: DIRECT,
    url: upstream.url,
    pids: [],
    extras: ['delay', 'streams'] as const,
  };
  await warmUp(target, plan);
  return { ...target, visit, async stop() {} };
}

/** Starts a subject and warms it up. @throws {Error} when it cannot be started, or ends */
async function enter(world: World, subject: Subject, round: number): Promise<Entrant> {
  const { sink, upstream, folder, pinning, plan } = world;
  const memoryNs = readLatencyNs();
  const place = { upstream: upstream.url, otlp: sink.url, folder };
  const running = await startSubject(subject, { ...place, pinning, headers: plan.headers });
  try {
    const entrant = { ...subject, ...running };
    const idle = await idleBytes(entrant);
    await warmUp(entrant, plan);
    await freeze(entrant);
    const { startMs } = running;
    const started = { subject: subject.name, round, memoryNs, startMs, idleBytes: idle };
    return { ...entrant, visit: { ...started, series: {}, streams: {} } };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** A subject that cannot be started, or ends, has no figures in this run, and a reason. */
export type Failed = Map<string, string>;

interface RoundOptions {
  readonly round: number;
  readonly isLast: boolean;
  readonly say: Say;
  readonly failed: Failed;
}

async function enterAll(
  world: World,
  subjects: readonly Subject[],
  { round, say, failed }: RoundOptions,
): Promise<readonly Entrant[]> {
  const entrants = [await enterDirect(world, round)];
  for (const subject of orderOf(subjects, round)) {
    if (failed.has(subject.name)) continue;
    try {
      const entrant = await enter(world, subject, round);
      say(`round ${round + 1}  ${subject.name} is warm`);
      entrants.push(entrant);
    } catch (error) {
      failed.set(subject.name, (error as Error).message);
    }
  }
  return entrants;
}

/** Every series, then every series of streams, each with all that take part in it. */
async function measureAll(
  entrants: readonly Entrant[],
  { plan }: World,
  { round, say, failed }: RoundOptions,
): Promise<void> {
  const fail: Fail = ({ name }, { message }) => failed.set(name, message);
  const left = () => entrants.filter(({ name }) => !failed.has(name));
  const tell = ({ name }: Target, series: string, figures: SeriesFigures | StreamFigures) =>
    say(`round ${round + 1}  ${series.padEnd(12)} ${name.padEnd(11)} ${describe(figures)}`);
  for (const name of Object.keys(SERIES) as SeriesName[]) {
    for (const [entrant, figures] of await measureSeries(left(), plan, { name, fail })) {
      tell(entrant, name, figures);
      entrant.visit.series[name] = figures;
    }
  }
  for (const [name, size] of Object.entries(plan.quick ? QUICK_STREAMS : STREAM_SERIES)) {
    for (const [entrant, figures] of await measureStreams(left(), plan, { ...size, fail })) {
      tell(entrant, name, figures);
      entrant.visit.streams[name as StreamSeriesName] = figures;
    }
  }
}

async function makeRound(
  world: World,
  subjects: readonly Subject[],
  options: RoundOptions,
): Promise<readonly Visit[]> {
  const entrants = await enterAll(world, subjects, options);
  try {
    await measureAll(entrants, world, options);
    const left = entrants.filter(({ name }) => name !== DIRECT && !options.failed.has(name));
    const rested = options.isLast && !world.plan.quick ? await recoveredBytes(left) : new Map();
    return entrants.map((entrant) => {
      const recovered = rested.get(entrant);
      return { ...entrant.visit, ...(recovered && { recoveredBytes: recovered }) };
    });
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.stop()));
  }
}

/** Makes all rounds. @returns the visits, and why some subjects have none */
export async function makeRounds(
  subjects: readonly Subject[],
  rounds: number,
  world: World,
  say: Say,
): Promise<{ readonly visits: readonly Visit[]; readonly failed: Failed }> {
  const visits: Visit[] = [];
  const failed: Failed = new Map();
  for (let round = 0; round < rounds; round += 1) {
    const isLast = round === rounds - 1;
    visits.push(...(await makeRound(world, subjects, { round, isLast, say, failed })));
  }
  for (const [name, reason] of failed) say(`${name} has failed: ${reason}`);
  return { visits: visits.filter(({ subject }) => !failed.has(subject)), failed };
}
