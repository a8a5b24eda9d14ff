/**
 * `make manifests [PROFILE= LABELS= DATASOURCE= OUT=manifests]`: writes the tree of kustomize for Kubernetes, and renders it
 * (docs/deployment.md). The exit code is 78 after a bad option, and 69 without kustomize.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemOf, writeFolder } from '../../observability/export/folder.ts';
import { readExportOptions } from '../../observability/export/options.ts';
import { findTool } from '../../observability/local/paths.ts';
import { manifestTree, OVERLAY } from './tree.ts';

/** As sysexits.h has them. */
const EXIT = { config: 78, unavailable: 69 } as const;

/** The namespaces are those of the committed folders: whoever has others changes them in the tree. */
const FIXED = { NAMESPACE: 'monitoring', APP_NAMESPACE: 'claude', JOB: '' };

function fail(code: number, problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`manifests: ${problem}\n`);
  return code;
}

/** @returns what kustomize makes of a folder @throws {Error} with what it says */
export function kustomize(program: string, folder: string): string {
  return execFileSync(program, ['build', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function main(env: NodeJS.ProcessEnv): number {
  const read = readExportOptions({ ...env, OUT: env['OUT'] || 'manifests', ...FIXED });
  if ('problems' in read) return fail(EXIT.config, read.problems);
  const { folder } = read.options;
  const problem = problemOf(folder);
  if (problem) return fail(EXIT.config, [problem]);
  writeFolder(folder, manifestTree(read.options));
  const program = findTool('kustomize');
  if (!program) return fail(EXIT.unavailable, [`kustomize is missing; the tree is in ${folder}`]);
  const rendered = join(folder, `${OVERLAY}.yaml`);
  writeFileSync(rendered, kustomize(program, join(folder, OVERLAY)));
  process.stdout.write(`The tree is in ${folder}; ${OVERLAY}.yaml is what it makes.\n`);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.env);
