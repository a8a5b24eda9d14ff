/** `make export`: writes the pack for somebody's own Prometheus, Alertmanager, Grafana and Kubernetes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemsOf } from '../generate/rules/check-objectives.ts';
import { ROOT } from '../local/paths.ts';
import { slo, thresholds } from '../slo.ts';
import { exportedFiles } from './files.ts';
import { problemOf, writeFolder } from './folder.ts';
import { readExportOptions } from './options.ts';

/** As sysexits.h has it: the command was used wrongly. */
const EXIT_CONFIG = 78;

/** Whoever exports has just changed the objectives: they are checked here as `make generate` checks them. */
function objectiveProblems(): string[] {
  return problemsOf({ slo, thresholds }, readFileSync(join(ROOT, 'observability/slo.ts'), 'utf8'));
}

function refuse(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`export: ${problem}\n`);
  process.stderr.write('export: nothing was written\n');
  return EXIT_CONFIG;
}

function main(env: NodeJS.ProcessEnv): number {
  const read = readExportOptions(env);
  if ('problems' in read) return refuse(read.problems);
  const { folder } = read.options;
  const problems = [...objectiveProblems(), ...[problemOf(folder) ?? []].flat()];
  if (problems.length > 0) return refuse(problems);
  const files = exportedFiles(read.options);
  try {
    writeFolder(folder, files);
  } catch (error) {
    process.stderr.write(`export: ${(error as Error).message}\n`);
    return EXIT_CONFIG;
  }
  process.stdout.write(
    `${files.length} files in ${folder}; FILES.txt lists them. Begin with README.md.\n`,
  );
  return 0;
}

if (import.meta.main) process.exitCode = main(process.env);
