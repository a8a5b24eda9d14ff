/** Measures what each stage of the pipeline costs, in a process of its own, on the core of what is under test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../../observability/local/paths.ts';
import { endWithUs } from '../../lib/children.ts';
import type { BenchOptions } from '../options.ts';
import type { Pinning } from '../pinning.ts';
import type { Spread } from '../statistics.ts';

export interface StageCost {
  /** As the pipeline names it. */
  readonly stage: string;
  /** Microseconds of CPU time that a call takes more with it than without it. */
  readonly cpuUs: Spread;
  /** It is off unless a setting asks for it, and is measured switched on. */
  readonly optional: boolean;
}

export interface StageCosts {
  /** All stages that are on by default, against a transport alone. */
  readonly whole: Spread;
  readonly stages: readonly StageCost[];
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

export async function measureStages(
  pinning: Pinning,
  { quick }: BenchOptions,
): Promise<StageCosts> {
  const batches = quick ? '5' : '21';
  const [command, ...args] = [...pinning.subject, process.execPath, MAIN, batches];
  const child = spawn(command as string, args, {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  const [out] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return JSON.parse(out) as StageCosts;
}
