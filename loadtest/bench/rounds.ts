/** The rounds of a run: every subject once in each, in an order that turns round, so that no place is an advantage. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askOf } from './answers.ts';
import { gatewayHeaders } from './gateways.ts';
import { type Sink, startSink, startUpstream, type UpstreamProcess } from './helpers.ts';
import { readLatencyNs } from './memory.ts';
import type { BenchOptions } from './options.ts';
import type { Pinning } from './pinning.ts';
import type { StreamFigures } from './stream-reader.ts';
import type { Subject } from './subject.ts';
import { type SubjectWorld, startSubject } from './subject-process.ts';
import {
  idleBytes,
  recoveredBytes,
  type SeriesFigures,
  type Visit,
  type VisitPlan,
  visitSeries,
  visitStreams,
  warmUp,
} from './visit.ts';

/** The upstream without anything between: what every subject adds to. */
export const DIRECT = 'direct';

/** Even rounds go forwards, odd ones backwards. */
export function orderOf<T>(things: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? things : things.toReversed();
}

export type Say = (line: string) => void;

/** What every visit shares. */
export interface World {
  readonly upstream: UpstreamProcess;
  readonly sink: Sink;
  readonly folder: string;
  readonly pinning: Pinning;
  readonly plan: Omit<VisitPlan, 'tell'>;
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

function planFor({ plan }: World, name: string, round: number, say: Say): VisitPlan {
  const place = `round ${round + 1}  ${name.padEnd(11)}`;
  return {
    ...plan,
    tell: (series, figures) => say(`${place} ${series.padEnd(12)} ${describe(figures)}`),
  };
}

async function visitDirect(world: World, round: number, say: Say): Promise<Visit> {
  const plan = planFor(world, DIRECT, round, say);
  const target = { url: world.upstream.url, pids: [], extras: ['delay', 'streams'] as const };
  await warmUp([target], plan);
  const series = await visitSeries(target, plan);
  return { subject: DIRECT, round, series, streams: await visitStreams(target, plan) };
}

/** Where each subject is started. */
export function subjectWorld({ sink, upstream, folder, pinning, plan }: World): SubjectWorld {
  const { headers } = plan;
  return { upstream: upstream.url, otlp: sink.url, folder, pinning, headers };
}

async function visitSubject(
  world: World,
  subject: Subject,
  { round, isLast, say }: { readonly round: number; readonly isLast: boolean; readonly say: Say },
): Promise<Visit> {
  const { name, extras } = subject;
  const plan = planFor(world, name, round, say);
  const memoryNs = readLatencyNs();
  const running = await startSubject(subject, subjectWorld(world));
  try {
    const target = { ...running, extras };
    const idle = await idleBytes(target);
    await warmUp([target], plan);
    const series = await visitSeries(target, plan);
    const streams = await visitStreams(target, plan);
    const recovered = isLast && !plan.quick && (await recoveredBytes(target));
    return {
      subject: name,
      round,
      memoryNs,
      startMs: running.startMs,
      idleBytes: idle,
      series,
      streams,
      ...(recovered && { recoveredBytes: recovered }),
    };
  } finally {
    await running.stop();
  }
}

/** A subject that cannot be started has no figures in this run, and a reason. */
export type Failed = Map<string, string>;

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
    visits.push(await visitDirect(world, round, say));
    for (const subject of orderOf(subjects, round)) {
      if (failed.has(subject.name)) continue;
      try {
        const isLast = round === rounds - 1;
        visits.push(await visitSubject(world, subject, { round, isLast, say }));
      } catch (error) {
        failed.set(subject.name, (error as Error).message);
        say(`round ${round + 1}  ${subject.name} has failed: ${(error as Error).message}`);
      }
    }
  }
  return { visits: visits.filter(({ subject }) => !failed.has(subject)), failed };
}
