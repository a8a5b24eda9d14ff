/**
 * Prints the figures of the code and keeps it small: `house.ts [folder]`. It fails when a function or a
 * source file is too long, or when an import is circular or breaks the order of rooms.jsonc.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { importCircles, importProblems } from './imports.ts';
import { type FileFigures, type Measured, measureFile } from './measure.ts';

const MAX_FUNCTION_LINES = 40;
const MAX_FILE_LINES = 250;

/** The files of the project, measured; code that only tests use counts as test. */
function measureProject(folder: string) {
  const files = globSync('{app,deploy,examples,loadtest,observability,.ci}/**/*.ts', {
    cwd: folder,
  })
    .toSorted()
    .map((path) => measureFile(path, readFileSync(join(folder, path), 'utf8')));
  const isTest = ({ place }: Measured) => /\.test\.ts$|(^|\/)testing/.test(place);
  return {
    source: files.filter((file) => !isTest(file)),
    tests: files.filter((file) => isTest(file)),
  };
}

/** The value below which the given share of the values lies. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function longerThan(things: readonly Measured[], limit: number): Measured[] {
  return things.filter(({ lines }) => lines > limit).toSorted((a, b) => b.lines - a.lines);
}

function lengths(things: readonly Measured[]): string {
  const lines = things.map((thing) => thing.lines);
  const longest = longerThan(things, 0)[0];
  return `median ${quantile(lines, 0.5)}, p90 ${quantile(lines, 0.9)}, longest ${longest?.lines} (${longest?.place})`;
}

/** One line for each figure. */
export function describe(title: string, files: readonly FileFigures[]): string[] {
  const functions = files.flatMap((file) => file.functions);
  const exports = files.map((file) => file.exports);
  const comments = sum(files.map((file) => file.commentLines));
  const filled = sum(files.map((file) => file.filledLines));
  return [
    title,
    `  files          ${files.length}, lines ${sum(files.map(({ lines }) => lines))}`,
    `  file           ${lengths(files)}`,
    `  functions      ${functions.length}`,
    `  function       ${lengths(functions)}`,
    `  too long       ${longerThan(functions, MAX_FUNCTION_LINES).length} functions over ${MAX_FUNCTION_LINES} lines, ${longerThan(files, MAX_FILE_LINES).length} files over ${MAX_FILE_LINES}`,
    `  comment        ${((100 * comments) / filled).toFixed(1)} % of the filled lines`,
    `  exports        median ${quantile(exports, 0.5)}, most ${Math.max(...exports)}`,
  ];
}

function settingsOf(files: readonly FileFigures[]): number {
  const config = files.filter(({ place }) => /^app\/config\b/.test(place));
  return new Set(config.flatMap(({ settings }) => settings)).size;
}

/** What must be fixed, one line each. */
export function problems(source: readonly FileFigures[], circles: readonly string[][]): string[] {
  const tooLong = [
    ...longerThan(
      source.flatMap(({ functions }) => functions),
      MAX_FUNCTION_LINES,
    ),
    ...longerThan(source, MAX_FILE_LINES),
  ];
  return [
    ...tooLong.map(({ place, lines }) => `too long: ${place}, ${lines} lines`),
    ...circles.map((circle) => `circle of imports: ${circle.join(', ')}`),
  ];
}

/** @returns undefined where there is no order to compare with, as in older layouts */
function againstTheOrder(folder: string): readonly string[] | undefined {
  return existsSync(join(folder, '.ci/rooms.jsonc')) ? importProblems(folder).upward : undefined;
}

function main(folder: string): number {
  const { source, tests } = measureProject(folder);
  const circles = importCircles(new Map(source.map(({ place, imports }) => [place, imports])));
  const upward = againstTheOrder(folder);
  const found = [
    ...problems(source, circles),
    ...(upward ?? []).map((place) => `import against the order: ${place}`),
  ];
  const lines = [
    ...describe('Source', source),
    ...describe('Tests', tests),
    'Imports',
    `  modules        ${source.length}, imports of each other ${sum(source.map(({ imports }) => imports.length))}`,
    `  circles        ${circles.length}, imports against the order ${upward?.length ?? 'unknown'}`,
    `Settings         ${settingsOf(source)}`,
    ...found,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return found.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(resolve(process.argv[2] ?? '.'));
