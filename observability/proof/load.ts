/** A light load by the driver in Node, while whose run the dashboard of load tests has something to show. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../local/paths.ts';
import { TOKENS, type World } from './world.ts';

/** Longer than the proof takes, which ends it. */
const LOAD = { SCENARIO: 'smoke', RATE: '5', DURATION: '10m' } as const;

/** @returns ends the load and waits until its series have ended too */
export function startLoad({ env, service, simulator, resultsDir }: World): () => Promise<void> {
  const addresses = { TARGET: service, SIMULATOR: simulator.url, RESULTS_DIR: resultsDir };
  const child = spawn(process.execPath, ['loadtest/run.ts', 'node'], {
    cwd: ROOT,
    env: { ...env, ...addresses, ...LOAD, TOKEN: TOKENS.search },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  return async () => {
    child.kill('SIGINT');
    await ended;
  };
}
