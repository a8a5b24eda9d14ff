/** How the figures of the page came to be, in words that come from the run itself. */
import { Figures, ofSeries } from './figures.ts';
import { short, withSpread } from './format.ts';
import type { BenchOptions } from './options.ts';
import type { Result } from './result.ts';
import { spreadOf } from './statistics.ts';
import { SERIES, STREAM_SERIES } from './visit.ts';

const list = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n');

const dateText = (date: string) => `${date.slice(0, 16).replace('T', ' ')} UTC`;

/** By which a reader can tell whether a machine's neighbours took part. */
function memoryText({ visits }: Result): readonly string[] {
  const spread = spreadOf(visits.flatMap(({ memoryNs }) => memoryNs ?? []));
  return spread
    ? [
        `a random read within 4 MB took ${withSpread(spread, 'ns')} before the visits; it takes several times as long where other machines of the host use its caches`,
      ]
    : [];
}

function warmUpText({ warmUp: { calls, seconds } }: BenchOptions): string {
  if (calls === undefined) return `${seconds} s of warm-up`;
  return `a warm-up of ${short(calls)} calls or ${seconds} s, whichever ended first`;
}

export function machineText(result: Result): string {
  const { machine, date, versions, seconds, options } = result;
  const gib = (machine.memoryBytes / 1024 ** 3).toFixed(0);
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return list([
    `${dateText(date)}, ${Math.round(seconds / 60)} minutes: ${options.rounds} rounds, series of ${options.seconds} s after ${warmUpText(options)}`,
    ...pairsText(result),
    `${machine.cpu}, ${machine.cores} cores, ${gib} GiB, Linux ${machine.kernel}`,
    ...memoryText(result),
    used.join(', '),
  ]);
}

export function versionsText({ subjects }: Result): string {
  const named = subjects.filter(({ version }) => version !== '');
  return list(named.map(({ label, version }) => `${label}: ${version}`));
}

export function missingText({ notMeasured }: Result): string {
  return list(notMeasured.map(({ name, reason }) => `${name}: ${reason}.`));
}

/** Tells when, and how often, two subjects took turns. */
function pairsText({ pairs, machine }: Result): readonly string[] {
  if (!pairs) return [];
  const { date, seconds, rounds, turns, cpu } = pairs;
  const elsewhere = cpu === machine.cpu ? '' : `, ${cpu}`;
  return [
    `compared side by side: ${dateText(date)}, ${Math.round(seconds / 60)} minutes: ${rounds} rounds, in each ${turns} turns of a second for each of two${elsewhere}`,
  ];
}

function untimedText({ warmUp: { streams } }: BenchOptions): string {
  if (streams === 0) return '';
  return `The first ${streams} in each place warm up: their chunks are counted, their times are not. `;
}

/** Below this share of its core a subject waited for something else. */
const BUSY = 0.9;

/** Whose throughput was not limited by their own core. */
function boundText(result: Result): string {
  const figures = new Figures(result);
  const waiting = result.subjects.flatMap(({ label, name }) => {
    const busy = figures.spread(name, ofSeries('c32', 'busy'))?.median ?? 1;
    return busy < BUSY ? [`${label} (${(100 * busy).toFixed(0)} %)`] : [];
  });
  if (waiting.length === 0) return 'Every subject kept its core busy with 32 connections.';
  return `Busy for less than 90 % of the series with 32 connections, so limited by the generator's core and better than they look: ${waiting.join(', ')}.`;
}

export function methodText(result: Result): string {
  const { pinning, options } = result;
  const { first } = STREAM_SERIES;
  return list([
    `${pinning} A figure of a subject is so of one core.`,
    'In each round every subject is started afresh, warmed up with 32 connections, measured, and ended; the order turns round from one round to the next. Ratios and differences are taken within a round; the page has their medians, and the least and the most in brackets.',
    'What reach and signals compare by throughput or CPU time is measured side by side, all but LiteLLM: both subjects run on the one core, both are warm, and they take turns of a second with 32 connections. The throughput of each is that of its turns; its CPU time is that of all turns, so that what it does later counts. A machine that becomes slower within minutes changes the tables of throughput and latency, and hardly these ([ADR 55](adr/0055-compared-side-by-side.md)).',
    'The load is made by wrk: requests and answers of 1 kB, unless a table says otherwise. A series with an answer other than 2xx, a socket error or a time-out is no figure (`–`), however fast it was.',
    'The upstream is a bare HTTP server that has its bytes ready (`loadtest/bench/upstream.ts`). The limit and all clients stand behind the same Express route, which reads the whole body, calls, and sends the answer on; Axios, Got and Trae are given text and give text, the official SDK is given an object and gives one, as people use it.',
    'Ours is the service as it is deployed, with `ADMISSION_LIMIT` and `POOL_CONNECTIONS` at 1000. “Off” is `OTEL_SDK_DISABLED=true LOG_LEVEL=warn`; each further line adds one signal. Spans go by OTLP to a server that drops them, log lines to a pipe that is read. Whatever runs in Node has its code compiled from its second round on (`NODE_COMPILE_CACHE`), as the image of the service has.',
    'CPU time is what the kernel counted for the process, by the requests of the series. “Added” latency is through the subject, minus straight to the upstream, in the same round.',
    boundText(result),
    `Memory is resident: idle a second after the first answer, loaded as the most during ${SERIES.c128.connections} connections, and after six seconds of rest in the last round.`,
    `Streams are read by a process that notes when each chunk came. ${untimedText(options)}The first chunk is of ${first.held} streams at a time; with 100 and 500 held, gaps are compared with the limit's and not with a number, because reader and upstream share a core.`,
    'Stages are compared in one process: the pipeline with and without a stage, in turn, over a transport that answers at once and without telemetry. `failover` chooses the upstream, so without it one is given.',
  ]);
}
