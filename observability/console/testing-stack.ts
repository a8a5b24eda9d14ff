/** A stack of its own for the live test of the console, under load, whose shipped rules run sixty times as fast. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compressPrometheus, compressRules, GAME_DAY_SPEED } from '../generate/rules/compress.ts';
import { ROOT } from '../local/paths.ts';
import { Processes } from '../local/processes.ts';
import { execute, type FreePorts, freePorts, stackEnv } from '../local/testing-stack.ts';
import { readRuleFiles } from '../prometheus/check/rule-files.ts';

const shipped = (path: string) =>
  readFileSync(join(ROOT, 'observability/prometheus', path), 'utf8');

/** Puts the compressed rules in place of the links to the shipped ones, and has Prometheus read them. */
function speedUp(runDir: string): void {
  const folder = join(runDir, 'prometheus');
  for (const name of ['prometheus.yml', 'rules']) rmSync(join(folder, name));
  mkdirSync(join(folder, 'rules'));
  const config = compressPrometheus(shipped('prometheus.yml'), GAME_DAY_SPEED);
  writeFileSync(join(folder, 'prometheus.yml'), config);
  for (const { name } of readRuleFiles()) {
    const rules = compressRules(shipped(`rules/${name}`), GAME_DAY_SPEED);
    writeFileSync(join(folder, 'rules', name), rules);
  }
  const pid = new Processes(runDir).pidOf('prometheus');
  if (pid === undefined) throw new Error('Prometheus does not run');
  process.kill(pid, 'SIGHUP');
}

/** Everything that callers do, by the driver in Node; @returns what ends it. */
function startLoad(env: NodeJS.ProcessEnv, runDir: string): () => Promise<void> {
  const load = {
    SCENARIO: 'mixed',
    RATE: '15',
    DURATION: '30m',
    RESULTS_DIR: join(runDir, 'load'),
  };
  const options = { cwd: ROOT, env: { ...env, ...load }, stdio: 'ignore' } as const;
  const child = spawn(process.execPath, ['loadtest/run.ts', 'node'], options);
  const ended = once(child, 'exit');
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

export interface ConsoleStack extends AsyncDisposable {
  url(name: keyof FreePorts): string;
  /** Stops one part. */
  stop(name: string): Promise<void>;
}

/** Starts the stack as `make up` does, and the load. @throws {Error} when it does not come up */
export async function startStack(): Promise<ConsoleStack> {
  const runDir = mkdtempSync(join(tmpdir(), 'observatory-console-'));
  const ports = await freePorts();
  const env = stackEnv(ports, { STACK: 'processes', RUN_DIR: runDir });
  const stack = (command: string) =>
    execute(process.execPath, ['observability/local/stack.ts', command], env);
  const { code, output } = await stack('up');
  if (code !== 0) throw new Error(output);
  speedUp(runDir);
  const endLoad = startLoad(env, runDir);
  return {
    url: (name) => `http://127.0.0.1:${ports[name]}`,
    stop: async (name) => void (await new Processes(runDir).stop(name)),
    async [Symbol.asyncDispose]() {
      await endLoad();
      await stack('down');
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}
