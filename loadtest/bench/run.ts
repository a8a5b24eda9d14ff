/**
 * `make bench [SUBJECTS=…] [ROUNDS=…] [SECONDS=…] [PART=pairs] [QUICK=1]`: measures every subject in interleaved rounds,
 * and some side by side. A whole run writes docs/performance.md, and so does one of all pairs, which keeps the page's
 * other figures; any run leaves its raw figures in `results/`. It exits with 69 where there is no wrk, with 78 for bad
 * options, and with 1 when a figure is invalid or a subject failed.
 */
import { fileURLToPath } from 'node:url';
import { LITELLM_VERSION } from '../../observability/local/bench-tools.ts';
import { findTool } from '../../observability/local/paths.ts';
import { exitOnSignals } from '../lib/children.ts';
import { measureArticle } from './article/measure.ts';
import { NOT_MEASURED } from './gateways.ts';
import { machine, versions } from './machine.ts';
import { hasFailed, missingFigures } from './missing.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { measurePairs } from './pairs/measure.ts';
import { pin } from './pinning.ts';
import { PAGE_RESULT, type Result, readResult, writeResult } from './result.ts';
import { createWorld, type Failed, makeRounds, type World } from './rounds.ts';
import { measureScale } from './scale/measure.ts';
import { measureStages } from './stages/costs.ts';
import type { Subject } from './subject.ts';
import { SUBJECTS } from './subjects.ts';
import { mainTable, signalTable } from './tables.ts';
import { writePage } from './write-page.ts';

/** EX_UNAVAILABLE and EX_CONFIG of sysexits.h. */
const EXIT = { failed: 1, unavailable: 69, badOptions: 78 } as const;

const say = (line: string) => process.stdout.write(`${line}\n`);

function chosen(options: BenchOptions) {
  const asked = SUBJECTS.filter(({ name }) => options.subjects?.includes(name) ?? true);
  const lacking = asked.flatMap(({ name, lacking }) => {
    const reason = lacking?.();
    return reason === undefined ? [] : [{ name, reason }];
  });
  const subjects = asked.filter(({ name }) => !lacking.some((one) => one.name === name));
  return { subjects, lacking: [...lacking, ...(options.subjects ? [] : NOT_MEASURED)] };
}

const factsOf = ({ name, label, kind, version }: Subject) => ({
  name,
  label,
  kind,
  version: version(),
});

/** What is measured once in a whole run, after the rounds. */
async function measureRest(world: World, options: BenchOptions) {
  say('stages, the article, several processes …');
  return {
    stages: await measureStages(world.pinning, options),
    article: await measureArticle(),
    scale: await measureScale(world),
  };
}

async function measureAll(options: BenchOptions): Promise<Result> {
  const startedMs = performance.now();
  const date = new Date().toISOString();
  const pinning = pin();
  say(pinning.says);
  const { subjects, lacking } = chosen(options);
  for (const { name, reason } of lacking) say(`${name} is not measured: ${reason}`);
  const world = await createWorld(options, pinning);
  const { visits, failed } = await makeRounds(subjects, options.rounds, world, say);
  const sound = subjects.filter(({ name }) => !failed.has(name));
  const pairs = await measurePairs(sound, world, options.rounds, say);
  const rest = options.subjects === undefined ? await measureRest(world, options) : {};
  world.close();
  return {
    date,
    options,
    visits,
    pairs,
    machine: machine(),
    pinning: pinning.says,
    versions: { ...versions(), litellm: LITELLM_VERSION ?? '' },
    seconds: Math.round((performance.now() - startedMs) / 1_000),
    subjects: subjects.map(factsOf),
    notMeasured: [...lacking, ...reasonsOf(failed)],
    ...rest,
  };
}

/** The figures of the page's run, with what is compared side by side taken again. */
async function measurePairsAgain(options: BenchOptions): Promise<Result> {
  const pinning = pin();
  say(pinning.says);
  const world = await createWorld(options, pinning);
  const pairs = await measurePairs(chosen(options).subjects, world, options.rounds, say);
  world.close();
  return { ...readResult(), pairs };
}

function reasonsOf(failed: Failed) {
  return [...failed].map(([name, reason]) => ({ name, reason }));
}

async function main(): Promise<number> {
  const known = SUBJECTS.map(({ name }) => name);
  const read = readOptions(process.env, known);
  if (!read.ok) {
    for (const problem of read.problems) process.stderr.write(`bad option: ${problem}\n`);
    return EXIT.badOptions;
  }
  if (findTool('wrk') === undefined) {
    process.stderr.write(
      "bench: there is no wrk, and it could not be fetched from Debian's packages\n",
    );
    return EXIT.unavailable;
  }
  const { options } = read;
  const startedAt = new Date().toISOString();
  const result = await (options.pairsOnly ? measurePairsAgain : measureAll)(options);
  // A quick run, or one of some subjects, is no page: figures on it are of one run.
  const isPage = !options.quick && options.subjects === undefined;
  const name = startedAt.replaceAll(/[:.]/g, '-');
  const path = fileURLToPath(new URL(`results/${name}.json`, import.meta.url));
  writeResult(result, isPage ? PAGE_RESULT : path);
  // The page's own run has already told which of its figures are missing.
  const taken = options.pairsOnly ? { ...result, visits: [], notMeasured: [] } : result;
  if (!options.pairsOnly) say(`\n${mainTable(result)}`);
  say(`\n${signalTable(result)}\n`);
  for (const line of missingFigures(taken)) say(`no figure: ${line}`);
  if (isPage) writePage(result);
  say(isPage ? 'docs/performance.md is written' : `results: ${path}`);
  return hasFailed(taken) ? EXIT.failed : 0;
}

if (import.meta.main) {
  exitOnSignals();
  process.exitCode = await main();
}
