/**
 * The healthy past of a game day: what the warm service shows is extended backwards, so that windows of hours and days
 * see good calls in the main and a burn rate has to be earned.
 */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import { findTool } from '../../observability/local/paths.ts';
import { STORAGE } from './commands.ts';
import type { GameDay, World } from './game-day.ts';
import { readOverTime } from './layout.ts';
import { type Series, samplesOf, valuesOf } from './prometheus-api.ts';
import { NotSteady } from './steady.ts';
import { comesTrue } from './wait.ts';

/**
 * Within the lookback of compressed rules, so that no series goes stale; in hours that Prometheus reads by step, each
 * step finds a sample.
 */
const STEP_S = 4;

export interface Past {
  /** Samples of at least two scrapes of each series. */
  readonly series: readonly Series[];
  /** Seconds since the epoch. */
  readonly fromS: number;
  readonly untilS: number;
}

const isCounter = (name: string) => /_(?:total|sum|count|bucket)$/.test(name);

const escaped = (text: string) => text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');

function selectorOf({ __name__ = '', ...labels }: Series['metric']): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return `${__name__}{${pairs.join(',')}}`;
}

/** How a series was at a time: a counter rose as fast as it does now, from 0; anything else was what it is. */
function valueAt({ metric, values }: Series, fromS: number): (timeS: number) => number {
  const [first, last] = [values[0], values.at(-1)];
  const [lastS, value] = [last?.[0] ?? 0, Number(last?.[1])];
  if (!isCounter(metric['__name__'] ?? '')) return () => value;
  const seconds = lastS - (first?.[0] ?? 0);
  const perSecond = seconds > 0 ? Math.max(0, value - Number(first?.[1])) / seconds : 0;
  return (timeS) => perSecond * (timeS - fromS);
}

/** The lines of an OpenMetrics file, series by series. */
export function* openMetrics({ series, fromS, untilS }: Past): Generator<string> {
  for (const each of series) {
    const selector = selectorOf(each.metric);
    const value = valueAt(each, fromS);
    let lines = '';
    for (let timeS = fromS; timeS < untilS; timeS += STEP_S) {
      lines += `${selector} ${value(timeS)} ${timeS}\n`;
    }
    yield lines;
  }
  yield '# EOF\n';
}

/**
 * Lays blocks with the past into Prometheus' storage; it must not be running.
 * @throws {Error} with promtool's output
 */
export async function layIn(past: Past, folder: string, storage: string): Promise<void> {
  const file = join(folder, 'history.om');
  await pipeline(Readable.from(openMetrics(past)), createWriteStream(file));
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, storage];
  // This process is the simulator too, and calls go on meanwhile.
  await promisify(execFile)(findTool('promtool') ?? 'promtool', args);
}

const WARM_LIMIT_MS = 90_000;
const JOB = 'job="claude-observatory"';

/** The longest windows: rules read the service's own series for a day, and an hour before it, and recordings for a month. */
const RAW_HISTORY_S = 26 * 60;
const RECORDED_HISTORY_S = 12.2 * 3_600;

const nameOf = ({ metric }: Series) => metric['__name__'] ?? '';

/** Seen for long enough to have rates, and nothing bad among it that would become a bad past. */
function isHealthy(series: readonly Series[]): boolean {
  const rates = series.filter((each) => /:bad_rate5m$/.test(nameOf(each)));
  return rates.length > 0 && rates.every(({ values }) => values.every(([, rate]) => rate === '0'));
}

/** What is missing for a healthy past. */
async function ailment(url: string): Promise<string> {
  const says = async (expr: string) => (await valuesOf(url, expr)).join('; ') || 'nothing';
  try {
    return `up is ${await says(`up{${JOB}}`)}, and the rates of bad calls are ${await says(`{${JOB},__name__=~".+:bad_rate5m"}`)}`;
  } catch (error) {
    return `it does not answer (${(error as Error).message})`;
  }
}

/** Seconds that are extended; what the background makes is rare, and has to be among what is seen. */
const SEEN_S = { everyday: 4, background: 20 };
/** Before them the service warms up. */
const WARM_UP_S = 2.5;
const SCRAPES_PER_S = 1_000 / GAME_DAY_SPEED.scrapeMs;

/** Lets Prometheus see the warm service, and extends what it saw backwards. @throws {NotSteady} when it sees none */
export async function layHistory(
  { prometheus, folder, simulator }: World,
  { background }: Pick<GameDay, 'background'>,
): Promise<void> {
  const { url, program } = prometheus;
  if (background) simulator.setFaults(background);
  const seenS = background ? SEEN_S.background : SEEN_S.everyday;
  const warmS = seenS + WARM_UP_S;
  await program.start();
  let seen: readonly Series[] = [];
  const isWarm = async () => {
    const scrapes = await valuesOf(
      url,
      `count_over_time(up{${JOB}}[1m]) > ${warmS * SCRAPES_PER_S}`,
    );
    if (scrapes.length === 0) return false;
    seen = await samplesOf(url, `{${JOB},__name__!~"ALERTS.*"}[${seenS}s]`);
    return isHealthy(seen);
  };
  const isSeen = await comesTrue(WARM_LIMIT_MS, () => isWarm().catch(() => false));
  if (!isSeen) throw new NotSteady(`Prometheus sees no healthy service: ${await ailment(url)}`);
  const [up] = await samplesOf(url, `up{${JOB}}[5m]`);
  await program.stop();
  const untilS = (up?.values[0]?.[0] ?? 0) - 1;
  const long = readOverTime();
  const recorded = seen.filter((each) => long.has(nameOf(each)));
  const raw = seen.filter((each) => !nameOf(each).includes(':'));
  const storage = join(folder, STORAGE);
  await layIn({ series: raw, fromS: untilS - RAW_HISTORY_S, untilS }, folder, storage);
  await layIn({ series: recorded, fromS: untilS - RECORDED_HISTORY_S, untilS }, folder, storage);
  await program.start();
}
