/** `make export`: writes the pack for somebody's own Prometheus, Alertmanager, Grafana and Kubernetes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exportedFiles } from './files.ts';
import { type ExportOptions, readExportOptions } from './options.ts';
import { isExport } from './readme.ts';

/** As sysexits.h has it: the command was used wrongly. */
const EXIT_CONFIG = 78;

/** A folder with anything else in it is left alone: somebody's work may be there. */
function foreignContent({ folder }: ExportOptions): string | undefined {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return undefined;
  const readme = join(folder, 'README.md');
  if (existsSync(readme) && isExport(readFileSync(readme, 'utf8'))) return undefined;
  return `${folder} is not empty and holds no earlier export; choose another by OUT=…`;
}

/** @returns the paths that were written, relative to the folder */
export function writeExport(options: ExportOptions): readonly string[] {
  const files = exportedFiles(options);
  // What an earlier export wrote and this one does not would go on alerting.
  rmSync(options.folder, { recursive: true, force: true });
  for (const { path, text } of files) {
    const file = join(options.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return files.map(({ path }) => path);
}

function main(env: NodeJS.ProcessEnv): number {
  const read = readExportOptions(env);
  const problems = 'problems' in read ? read.problems : [foreignContent(read.options) ?? []].flat();
  if ('problems' in read || problems.length > 0) {
    for (const problem of problems) process.stderr.write(`export: ${problem}\n`);
    process.stderr.write('export: nothing was written\n');
    return EXIT_CONFIG;
  }
  const written = writeExport(read.options);
  process.stdout.write(`${written.join('\n')}\n\n`);
  process.stdout.write(`${written.length} files in ${read.options.folder}; begin with README.md\n`);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.env);
