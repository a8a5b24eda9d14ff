/** The service's process: settings, telemetry, listen, graceful stop. The only `process.exit`. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { inspect } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { Callers } from './callers/callers.ts';
import { type Config, ConfigError, readConfig, secretsOf } from './config/config.ts';
import { Redactor } from './privacy/redactor.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createMetricsServer } from './telemetry/metrics-server.ts';
import { samplingRatio } from './telemetry/sampler.ts';
import {
  disabledTelemetry,
  enabledTelemetry,
  type Telemetry,
  type TelemetryDeps,
  type TelemetryOptions,
} from './telemetry/sdk.ts';
import { ANYBODY } from './telemetry/vocabulary.ts';

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;
/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
/** How often a stopping server closes connections that have become idle, milliseconds. */
const IDLE_SWEEP_MS = 50;
/** Telemetry's share of the stop: a dead collector must not keep the process, milliseconds. */
const FLUSH_LIMIT_MS = 5_000;

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${redactor.text(error.message)}\n`);
    process.exit(EXIT_CONFIG);
  }
}

function telemetryOptions(config: Config): TelemetryOptions {
  const callers = config.callers.map(({ name }) => name);
  return {
    version: packageJson.version,
    labels: {
      models: config.CLAUDE_MODELS,
      upstreams: config.upstreams.map(({ name }) => name),
      callers: callers.length > 0 ? callers : [ANYBODY],
    },
    exportTraces: config.OTEL_TRACES_EXPORTER === 'otlp',
    exportLogs: config.OTEL_LOGS_EXPORTER === 'otlp',
    samplingRatio: samplingRatio(config.OTEL_TRACES_SAMPLER, config.OTEL_TRACES_SAMPLER_ARG),
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

/** Waits for what is in flight; after the limit it is cut off. */
async function drain(server: Server, limitMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const limit = setTimeout(() => server.closeAllConnections(), limitMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(limit);
}

async function flush(telemetry: Telemetry): Promise<void> {
  const limit = new Promise((resolve) => setTimeout(resolve, FLUSH_LIMIT_MS).unref());
  await Promise.race([telemetry.shutdown(), limit]);
}

async function run(config: Config, telemetry: Telemetry, logger: Logger): Promise<void> {
  // Not before telemetry has started: Express is patched while it is being imported.
  const { createService } = await import('./service.ts');
  const { createServer } = await import('./http/server.ts');
  const service = createService({ config, callers, logger, redactor, telemetry });
  const ofSettings = secrets;
  secrets = () => [...ofSettings(), ...service.secrets()];
  await service.ready();
  const server = createServer(service.app);
  const metricsServer = createMetricsServer(telemetry.prometheus);

  await listen(metricsServer, config.METRICS_PORT, config.METRICS_HOST);
  await listen(server, config.PORT, config.HOST);
  logger.info(
    {
      address: server.address(),
      metrics: metricsServer.address(),
      upstreams: config.upstreams.map(({ name, url }) => `${name} ${new URL(url).host}`),
      has_key: service.secrets().length > 0,
    },
    'listening',
  );
  if (config.callers.length === 0 && !LOOPBACK.test(config.HOST)) {
    logger.warn('anybody who reaches this address may call: see docs/callers.md');
  }

  const signal = await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  logger.info({ signal: signal[0] }, 'stopping');
  service.lifecycle.draining = true;
  await drain(server, config.SHUTDOWN_TIMEOUT_MS);
  await service.close();
  await flush(telemetry);
  metricsServer.close();
  logger.info('stopped');
}

/** Those of the settings, and, once the service is there, every key that it has. */
let secrets: () => Iterable<string> = () => [];
const redactor = new Redactor({ secrets: () => secrets() });
let crashed: (error: unknown) => void = (error) =>
  process.stderr.write(`${redactor.text(inspect(error))}\n`);
// Node would print what was thrown as it is. Promises that nobody waited for come here too.
process.on('uncaughtException', (error) => {
  crashed(error);
  process.exit(1);
});

const config = configOrExit();
const settingsSecrets = secretsOf(config);
secrets = () => settingsSecrets;
const callers = new Callers(config.callers);
const telemetryDeps: TelemetryDeps = {
  redactor,
  trusts: (headers) =>
    config.TRUST_INBOUND_TRACE || (!callers.open && callers.find(headers) !== undefined),
};
const telemetry = config.OTEL_SDK_DISABLED
  ? disabledTelemetry(telemetryDeps)
  : enabledTelemetry(telemetryOptions(config), telemetryDeps);
const logger = createLogger({
  level: config.LOG_LEVEL,
  service: telemetry.serviceName,
  redactor,
  sinks: telemetry.logSink ? [process.stdout, telemetry.logSink] : [process.stdout],
});
crashed = (error) => logger.fatal({ err: error }, 'crashed');
try {
  await run(config, telemetry, logger);
  process.exit(0);
} catch (error) {
  logger.fatal({ err: error }, 'cannot run');
  process.exit(1);
}
