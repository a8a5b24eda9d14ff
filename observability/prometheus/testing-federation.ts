/** For tests: Prometheus processes that scrape real services and write to one another. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { eventually } from '../../app/testing/poll.ts';
import { freePort } from '../../app/testing/service-process.ts';
import { findTool, prometheusAssets, ROOT } from '../local/paths.ts';

type Config = Readonly<Record<string, unknown>>;

/** A sample of an instant query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface RunningPrometheus {
  readonly url: string;
  query(expr: string): Promise<readonly Sample[]>;
}

/** The committed recording rules, and those whose alert always fires. */
export const RULE_FILES = ['recording', 'monitoring'].map((name) =>
  join(ROOT, `observability/prometheus/rules/${name}.yml`),
);

/** Runs a program until the test ends. @param healthy a URL that answers 200 once it is up */
async function runUntilEnd(
  t: TestContext,
  program: string,
  args: readonly string[],
  { cwd, healthy }: { readonly cwd: string; readonly healthy: string },
): Promise<void> {
  const child = spawn(findTool(program) ?? program, args, { cwd, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  t.after(async () => {
    const exit = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await exit;
    rmSync(cwd, { recursive: true, force: true });
  });
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(output);
      return (await fetch(healthy).catch(() => undefined))?.ok;
    },
    { timeoutMs: 30_000 },
  );
}

function folder(name: string): string {
  return mkdtempSync(join(tmpdir(), `${name}-`));
}

/** @param config `prometheus.yml`, without intervals, which are a second here */
export async function startPrometheus(t: TestContext, config: Config): Promise<RunningPrometheus> {
  const cwd = folder('prometheus');
  mkdirSync(join(cwd, 'data'));
  const global = {
    ...(config['global'] as Config),
    scrape_interval: '1s',
    evaluation_interval: '1s',
  };
  writeFileSync(join(cwd, 'prometheus.yml'), stringify({ ...config, global }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const assets = prometheusAssets();
  const args = [
    `--config.file=${join(cwd, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(cwd, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    // An alert may be due before the Alertmanager is discovered.
    '--rules.alert.resend-delay=1s',
    ...(assets ? [`--web.local-assets=${assets}`] : []),
  ];
  await runUntilEnd(t, 'prometheus', args, { cwd, healthy: `${url}/-/ready` });
  return { url, query: (expr) => query(url, expr) };
}

async function query(url: string, expr: string): Promise<readonly Sample[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const { data, error } = (await response.json()) as {
    readonly error?: string;
    readonly data?: {
      readonly result: { metric: Record<string, string>; value: [number, string] }[];
    };
  };
  if (!data) throw new Error(error);
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

/** @returns its address, and the labels of the alerts that it has */
export async function startAlertmanager(t: TestContext) {
  const cwd = folder('alertmanager');
  const config = { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] };
  writeFileSync(join(cwd, 'alertmanager.yml'), stringify(config));
  const port = await freePort();
  const target = `127.0.0.1:${port}`;
  const args = [
    `--config.file=${join(cwd, 'alertmanager.yml')}`,
    `--storage.path=${cwd}`,
    `--web.listen-address=${target}`,
    '--cluster.listen-address=',
  ];
  await runUntilEnd(t, 'alertmanager', args, { cwd, healthy: `http://${target}/-/ready` });
  return {
    target,
    async alerts(): Promise<readonly Readonly<Record<string, string>>[]> {
      const list = await (await fetch(`http://${target}/api/v2/alerts`)).json();
      return (list as { labels: Record<string, string> }[]).map(({ labels }) => labels);
    },
  };
}
