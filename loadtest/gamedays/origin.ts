/** Says which code a run of game days was of, and when. */
import { spawnSync } from 'node:child_process';
import { ROOT } from '../../observability/local/paths.ts';

export interface Origin {
  /** Short; undefined where there is no git, or no repository. */
  readonly commit: string | undefined;
  /** `2026-11-26`, in UTC. */
  readonly date: string;
}

export function originOf(folder = ROOT): Origin {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { commit: stdout?.trim() || undefined, date: new Date().toISOString().slice(0, 10) };
}
