/** The stack for the proof of life: the real programs on ports of their own, and what they need to be broken. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../app/testing/poll.ts';
import { freePort } from '../../app/testing/service-process.ts';
import { type Simulator, startSimulator } from '../../loadtest/simulator/server.ts';
import { findTool, ROOT } from '../local/paths.ts';
import { execute, freePorts, stackEnv } from '../local/testing-stack.ts';

/** The callers and their tokens; `limited` may make one request a minute, `signer` must sign its requests. */
export const TOKENS = {
  search: 'token-of-search',
  limited: 'token-of-limited',
  signer: 'token-of-signer',
  probe: 'token-of-probe',
} as const;

/** The keys that the simulator accepts: two of the upstream `east`, and those that the file of `west` holds. */
export const KEYS = {
  blue: 'sk-sim-blue',
  green: 'sk-sim-green',
  west: 'sk-sim-west',
  later: 'sk-sim-later',
} as const;

export interface World {
  readonly simulator: Simulator;
  /** Base URLs. */
  readonly service: string;
  readonly prometheus: string;
  /** The collector's receiver. */
  readonly otlp: string;
  /** The file with the key of `west`. */
  readonly keyFile: string;
  /** The environment of the stack's commands. */
  readonly env: NodeJS.ProcessEnv;
  /** Where a load may leave its results. */
  readonly resultsDir: string;
  /** From now on an alert fires that pages. */
  raiseAlarm(): void;
  stop(): Promise<void>;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function serviceSettings(simulator: Simulator, keyFile: string, otlp: string) {
  const upstream = (name: string, priority: number, keys: string) => ({
    name,
    priority,
    keys,
    url: `${simulator.url}/regions/${name}`,
  });
  const { blue, green } = KEYS;
  return {
    CLAUDE_UPSTREAMS: JSON.stringify([
      upstream('east', 0, 'env:EAST_KEYS'),
      upstream('west', 1, `file:${keyFile}`),
    ]),
    EAST_KEYS: JSON.stringify({ blue, green }),
    SIGNING_SECRET: 'secret-of-the-signer-0123456789abcdef',
    CALLERS: JSON.stringify([
      { name: 'search', token_sha256: sha256(TOKENS.search) },
      { name: 'limited', token_sha256: sha256(TOKENS.limited), requests_per_minute: 1 },
      { name: 'probe', token_sha256: sha256(TOKENS.probe) },
      { name: 'signer', token_sha256: sha256(TOKENS.signer), signing: 'env:SIGNING_SECRET' },
    ]),
    ADMISSION_LIMIT: '10',
    FIRST_EVENT_TIMEOUT_MS: '2000',
    ATTEMPT_TIMEOUT_MS: '2000',
    KEY_POLL_MS: '1000',
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
    OTEL_LOGS_EXPORTER: 'otlp',
    // Small queues, so that a collector that does not answer is felt at once.
    OTEL_BSP_MAX_QUEUE_SIZE: '64',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '32',
    OTEL_BLRP_MAX_QUEUE_SIZE: '64',
    OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '32',
  };
}

/** A backend that takes connections and never answers, so that whoever sends to it loses what it sends. */
async function startSilence(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Items that the collector's queues hold. */
export const QUEUE = 50;

/** The committed configuration in the real collector, whose backends do not answer and whose queues are short. */
async function startCollector(backend: string, port: number, metricsPort: number) {
  const health = await freePort();
  const set = (path: string, value: string | number) => ['--config', `yaml:${path}: ${value}`];
  const exporters = ['tempo', 'loki', 'prometheus'].map((name) => `exporters::otlp_http/${name}`);
  const lossy = exporters.flatMap((exporter) => [
    ...set(`${exporter}::endpoint`, backend),
    ...set(`${exporter}::timeout`, '1s'),
    ...set(`${exporter}::retry_on_failure::enabled`, 'false'),
    ...set(
      `${exporter}::sending_queue`,
      `{sizer: items, queue_size: ${QUEUE}, num_consumers: 1, batch: {flush_timeout: 10ms, min_size: 1, max_size: ${QUEUE}}}`,
    ),
  ]);
  const reader = `{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}`;
  const collector = spawn(
    findTool('otelcol') ?? 'otelcol',
    [
      ...['--config', join(ROOT, 'observability/collector/config.yaml')],
      ...set('receivers::otlp::protocols::http::endpoint', `127.0.0.1:${port}`),
      ...set('extensions::health_check::endpoint', `127.0.0.1:${health}`),
      ...set('connectors::span_metrics::metrics_flush_interval', '1s'),
      ...set('service::telemetry::metrics::readers', `[${reader}]`),
      ...lossy,
    ],
    { stdio: 'ignore' },
  );
  await eventually(
    async () => {
      if (collector.exitCode !== null) throw new Error('the collector ended at its start');
      return (await fetch(`http://127.0.0.1:${health}`).catch(() => undefined))?.ok;
    },
    { timeoutMs: 60_000 },
  );
  return collector;
}

/** Prometheus watches the file. */
function addTargets(file: string, addresses: Readonly<Record<string, string>>): void {
  const targets = JSON.parse(readFileSync(file, 'utf8')) as object[];
  const more = Object.entries(addresses).map(([component, address]) => ({
    targets: [address],
    labels: { component },
  }));
  writeFileSync(file, JSON.stringify([...targets, ...more]));
}

/** An alert that fires at once; most of ours wait for minutes, so that they do not wake people for nothing. */
const TRIAL_RULES = `groups:
  - name: trial
    rules:
      - alert: Trial
        expr: vector(1)
        labels: { severity: page, kind: symptom }
`;

/** Puts copies in place of the committed rules, with one alert more, and has Prometheus read them. */
function addTrialAlert(runDir: string): void {
  const rules = join(runDir, 'prometheus/rules');
  rmSync(rules);
  cpSync(join(ROOT, 'observability/prometheus/rules'), rules, { recursive: true });
  writeFileSync(join(rules, 'trial.yml'), TRIAL_RULES);
  const [pid = ''] = readFileSync(join(runDir, 'prometheus.pid'), 'utf8').split(' ');
  process.kill(Number(pid), 'SIGHUP');
}

/** Starts everything. @throws {Error} with the output of `make up` when it fails */
export async function startWorld(): Promise<World> {
  const runDir = mkdtempSync(join(tmpdir(), 'proof-of-life-'));
  const keyFile = join(runDir, 'west-key');
  writeFileSync(keyFile, KEYS.west);
  const simulator = await startSimulator({ keys: Object.values(KEYS), profile: 'documented' });
  const [silence, otlp, metrics] = [await startSilence(), await freePort(), await freePort()];
  const collector = await startCollector(urlOf(silence), otlp, metrics);
  const ports = await freePorts();
  const env = stackEnv(ports, {
    ...serviceSettings(simulator, keyFile, `http://127.0.0.1:${otlp}`),
    STACK: 'processes',
    RUN_DIR: runDir,
  });
  const stack = (command: string) =>
    execute(process.execPath, ['observability/local/stack.ts', command], env);
  const { code, output } = await stack('up');
  if (code !== 0) throw new Error(output);
  addTargets(join(runDir, 'prometheus/targets/stack.json'), {
    collector: `127.0.0.1:${metrics}`,
    simulator: `127.0.0.1:${simulator.port}`,
  });
  const url = (port: string) => `http://127.0.0.1:${port}`;
  return {
    simulator,
    keyFile,
    env,
    resultsDir: join(runDir, 'results'),
    raiseAlarm: () => addTrialAlert(runDir),
    service: url(ports.PORT),
    prometheus: url(ports.PROMETHEUS_PORT),
    otlp: `http://127.0.0.1:${otlp}`,
    async stop() {
      await stack('down');
      collector.kill('SIGKILL');
      await simulator.close();
      silence.close();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}
