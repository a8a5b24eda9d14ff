/** The service's process: configuration, telemetry, listen, graceful stop. The only `process.exit`. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { inspect } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { Callers } from './callers/callers.ts';
import { type Config, ConfigError, readConfig, secretsOf } from './config/config.ts';
import { Redactor } from './privacy/redactor.ts';
import type { TuningOverrides } from './service.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createMetricsServer } from './telemetry/metrics-server.ts';
import { samplingRatio } from './telemetry/sampler.ts';
import { disabledTelemetry, enabledTelemetry, type Telemetry } from './telemetry/sdk.ts';
import { ANYBODY } from './telemetry/vocabulary.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
/** How often a stopping server closes connections that have become idle, milliseconds. */
const IDLE_SWEEP_MS = 50;
/** Limit for flushing telemetry, milliseconds: a dead collector must not hold up the exit. */
const FLUSH_LIMIT_MS = 5_000;

function configOrExit(redactor: Redactor): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${redactor.text(error.message)}\n`);
    process.exit(EXIT_CONFIG);
  }
}

function startTelemetry(config: Config, callers: Callers, redactor: Redactor): Telemetry {
  const { disabled, trustInbound, sampler, samplerRatio, ...options } = config.telemetry;
  const trusts: Parameters<typeof disabledTelemetry>[0]['trusts'] = (headers) =>
    trustInbound || (!callers.open && callers.find(headers) !== undefined);
  if (disabled) return disabledTelemetry({ trusts });
  const names = config.callers.map(({ name }) => name);
  const labels = {
    models: config.models,
    upstreams: config.upstreams.map(({ name }) => name),
    callers: names.length > 0 ? names : [ANYBODY],
  };
  return enabledTelemetry(
    {
      ...options,
      labels,
      samplingRatio: samplingRatio(sampler, samplerRatio),
      version: packageJson.version,
    },
    { redactor, trusts },
  );
}

function loggerOf(config: Config, telemetry: Telemetry, redactor: Redactor): Logger {
  const sinks = telemetry.logSink ? [process.stdout, telemetry.logSink] : [process.stdout];
  return createLogger({ level: config.logLevel, service: telemetry.serviceName, redactor, sinks });
}

function warnAbout({ formerSettings, isOpenToNetwork }: Config, logger: Logger): void {
  if (formerSettings.length > 0) {
    logger.warn({ settings: formerSettings }, 'these settings no longer exist and have no effect');
  }
  if (isOpenToNetwork) {
    logger.warn('no CALLERS configured: the API is open to the network (docs/callers.md)');
  }
}

async function listen(server: Server, { port, host }: Config['metrics']): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

/** Waits for the calls in flight, and cuts them off after the limit. */
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

interface Running {
  readonly config: Config;
  readonly callers: Callers;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly tuning: TuningOverrides;
  /** Secrets that the redactor reads each time: the service's keys change while it runs. */
  readonly secrets: (() => Iterable<string>)[];
}

async function run({ secrets, ...deps }: Running): Promise<void> {
  const { config, telemetry, logger } = deps;
  // Import these only now: Express is patched while it is being imported.
  const { createService } = await import('./service.ts');
  const { createServer } = await import('./http/server.ts');
  const service = createService(deps);
  secrets.push(service.secrets);
  await service.ready();
  const server = createServer(service.app);
  const metricsServer = createMetricsServer(telemetry.prometheus);
  await listen(metricsServer, config.metrics);
  await listen(server, config.server);
  logger.info(
    {
      address: server.address(),
      metrics: metricsServer.address(),
      upstreams: config.upstreams.map(({ name, url }) => `${name} ${new URL(url).host}`),
      has_key: service.secrets().length > 0,
    },
    'listening',
  );
  warnAbout(config, logger);
  const [signal] = await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  logger.info({ signal }, 'stopping');
  service.lifecycle.draining = true;
  await drain(server, config.shutdownTimeoutMs);
  await service.close();
  await flush(telemetry);
  metricsServer.close();
  logger.info('stopped');
}

/**
 * Runs the service until SIGTERM or SIGINT, then exits the process.
 * @param tuning replaces figures that no setting changes; tests use it
 */
export async function main(tuning: TuningOverrides = {}): Promise<never> {
  const secrets: (() => Iterable<string>)[] = [];
  const redactor = new Redactor({ secrets: () => secrets.flatMap((read) => [...read()]) });
  let reportCrash = (error: unknown) => {
    process.stderr.write(`${redactor.text(inspect(error))}\n`);
  };
  // Node would print the error unredacted. Unhandled rejections arrive here too.
  process.on('uncaughtException', (error) => {
    reportCrash(error);
    process.exit(1);
  });
  const config = configOrExit(redactor);
  const ofConfig = secretsOf(config);
  secrets.push(() => ofConfig);
  const callers = new Callers(config.callers);
  const telemetry = startTelemetry(config, callers, redactor);
  const logger = loggerOf(config, telemetry, redactor);
  reportCrash = (error) => logger.fatal({ err: error }, 'crashed');
  try {
    await run({ config, callers, telemetry, logger, redactor, tuning, secrets });
    process.exit(0);
  } catch (error) {
    logger.fatal({ err: error }, 'cannot run');
    process.exit(1);
  }
}

if (import.meta.main) await main();
