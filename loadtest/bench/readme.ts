/** The five lines of the README that say what each signal and stage costs. */
import { Figures, ofSeries } from './figures.ts';
import { medianOf, short } from './format.ts';
import { pairRatio } from './pairs/pairs.ts';
import { telemetryShare, timesLiteLlm } from './reach.ts';
import type { Result } from './result.ts';
import { EVERYTHING, LIMIT } from './subjects.ts';
import { signalCosts } from './tables.ts';

const BEGIN = '<!-- make bench writes what follows -->';
const END = '<!-- up to here -->';

export function overheadLines(result: Result): readonly string[] {
  const figures = new Figures(result);
  const cpu = (name: string) => medianOf(figures.spread(name, ofSeries('c32', 'cpuUs')));
  const of = (other: string) => medianOf(pairRatio(result, [EVERYTHING, other], 'perSecond'));
  const added = (name: string) => medianOf(figures.added(name, ofSeries('c1', 'p99Ms')));
  const signals = signalCosts(result).map(
    ({ signal, cpuUs, share }) => `${signal} ${short(cpuUs.median)} µs (${short(share)} %)`,
  );
  const stages = (result.stages?.stages ?? [])
    .filter(({ optional }) => !optional)
    .map(({ stage, cpuUs }) => `\`${stage}\` ${short(cpuUs.median)}`);
  const optional = (result.stages?.stages ?? [])
    .filter((stage) => stage.optional)
    .map(({ stage, cpuUs }) => `\`${stage}\` ${short(cpuUs.median)}`);
  return [
    `- Everything on (traces 10 %): ${cpu(EVERYTHING)} µs of CPU a call, where Express and undici alone take ${cpu(LIMIT)}; ${of(LIMIT)} of their throughput; and ${added(EVERYTHING)} ms more P99 latency at one connection, where they add ${added(LIMIT)}.`,
    `- Telemetry is ${medianOf(telemetryShare(result))} % of that call: ${signals.slice(0, 4).join(', ')}.`,
    `- Stages, µs of CPU a call: ${stages.join(', ')}; all of them ${medianOf(result.stages?.whole)}. When switched on: ${optional.join(', ')}.`,
    `- Throughput against others: ${of('sdk')} × Express with the official SDK, ${of('portkey')} × Portkey and ${medianOf(timesLiteLlm(result))} × LiteLLM, none of which has telemetry on.`,
    `- [docs/performance.md](docs/performance.md) has all figures, the machine that they are of, the method, and what was not reached.`,
  ];
}

/** @throws {Error} when the README has no place for them */
export function withOverhead(readme: string, result: Result): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the README has no ${BEGIN} … ${END}`);
  const lines = overheadLines(result).join('\n');
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${lines}\n\n${readme.slice(end)}`;
}
