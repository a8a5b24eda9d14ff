/** On what, and with what, a run was made. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { packageVersion } from './packages.ts';
import type { Result } from './result.ts';

/** Virtual machines often give a family for a model; the frequency tells a little more. */
export function machine(): Result['machine'] {
  const [first] = cpus();
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const field = (name: string) => new RegExp(`^${name}\\s*: (.+)$`, 'm').exec(info)?.[1];
  const kind = ['cpu family', 'model', 'stepping'].map((name) => `${name} ${field(name) ?? '?'}`);
  return {
    cpu: `${first?.model ?? 'unknown'} (${kind.join(', ')})`,
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
  };
}

/** Those of the project, Node, and what every figure depends on. */
export function versions(): Result['versions'] {
  const names = ['express', 'undici', 'trae', '@opentelemetry/sdk-metrics', 'pino'];
  return {
    'claude-observatory': packageJson.version,
    node: process.versions.node,
    ...Object.fromEntries(names.map((name) => [name, packageVersion(name) ?? 'not installed'])),
  };
}
