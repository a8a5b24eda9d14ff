/** The service's process: configuration, telemetry, listen, graceful stop. The only `process.exit`. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { inspect } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { Callers } from './callers/callers.ts';
import { type Config, ConfigError, readConfig, secretsOf } from './config/config.ts';
import { createMetricsServer } from './http/metrics-server.ts';
import type { RefusalDeps } from './http/refusals.ts';
import { createServer } from './http/server.ts';
import { stopServing, within } from './http/stop.ts';
import { joined } from './privacy/joined.ts';
import { Redactor } from './privacy/redactor.ts';
import { createService } from './service.ts';
import { gathered, type LogOutput, outputTo } from './telemetry/log-output.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { observePriceAge } from './telemetry/price-age.ts';
import { samplingRatio } from './telemetry/sampler.ts';
import { disabledTelemetry, enabledTelemetry, type Telemetry } from './telemetry/sdk.ts';
import { ANYBODY } from './telemetry/vocabulary.ts';
import type { TuningOverrides } from './tuning.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
/** Limit for flushing telemetry, milliseconds: a dead collector must not hold up the exit. */
export const FLUSH_LIMIT_MS = 5_000;
/** Limit for writing the last log lines, milliseconds: nor must a reader that does not read. */
export const OUTPUT_LIMIT_MS = 1_000;

function configOrExit(redactor: Redactor, errors: LogOutput): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    errors.write(`${redactor.text(error.message)}\n`);
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

function loggerOf(
  config: Config,
  telemetry: Telemetry,
  redactor: Redactor,
  output: LogOutput,
): Logger {
  const sinks = telemetry.logSink ? [output, telemetry.logSink] : [output];
  return createLogger({ level: config.logLevel, service: telemetry.serviceName, redactor, sinks });
}

function warnAbout({ formerSettings, isOpenToNetwork, server }: Config, logger: Logger): void {
  if (formerSettings.length > 0) {
    logger.warn({ settings: formerSettings }, 'these settings no longer exist and have no effect');
  }
  if (isOpenToNetwork) {
    logger.warn(
      { hosts: ['localhost', ...server.allowedHosts] },
      'no CALLERS configured: the API is open to the network, for these hosts (docs/callers.md)',
    );
  }
}

/**
 * Connections that wait to be accepted; the kernel has a limit of its own, 4096 on Linux. Those beyond it are not
 * refused but ignored, and their callers try again after 1, 3, 7 and 15 s: a burst that would get its answers, or its
 * 503, within a second would wait for half a minute. Node's default is 511.
 */
const LISTEN_BACKLOG = 4096;

async function listen(
  server: Server,
  { port, host, reusePort = false }: Config['metrics'] & { readonly reusePort?: boolean },
): Promise<void> {
  server.listen({ port, host, reusePort, backlog: LISTEN_BACKLOG });
  await once(server, 'listening');
}

/**
 * Resolves with the first signal to stop. A second one does not cut a stop that makes progress, because
 * supervisors repeat themselves; a third one is meant.
 */
function askedToStop(logger: Logger): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let times = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    times += 1;
    if (times === 2) logger.info({ signal }, 'stopping already; a third signal ends the process');
    if (times > 2) process.exit(1);
    resolve(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  return promise;
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
  // Before anything is waited for: the first process of a container ignores a signal that nobody listens to.
  const asked = askedToStop(logger);
  const service = createService(deps);
  secrets.push(service.secrets);
  await service.ready();
  const onRefused: RefusalDeps['onRefused'] = (reason) =>
    telemetry.instruments.refusedRequests.add(1, { reason });
  const { server, connections } = createServer(service.app, { logger, onRefused });
  const { prometheus } = telemetry;
  const metricsServer = createMetricsServer({
    scrape: prometheus?.getMetricsRequestHandler.bind(prometheus),
    allowedHosts: config.server.allowedHosts,
    logger,
    onRefused,
  });
  observePriceAge({ instruments: telemetry.instruments, logger, wallClock: Date.now });
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
  logger.info({ signal: await asked }, 'stopping');
  await stopServing({ server, connections, lifecycle: service.lifecycle }, config.stop);
  await within(Promise.allSettled([service.close(), telemetry.shutdown()]), FLUSH_LIMIT_MS);
  logger.info('stopped');
}

/** Ends the process once its last lines are written, unless nobody reads them. */
async function exitWith(code: number, outputs: readonly LogOutput[]): Promise<never> {
  await within(Promise.all(outputs.map((output) => output.flush())), OUTPUT_LIMIT_MS);
  return process.exit(code);
}

/**
 * Runs the service until SIGTERM or SIGINT, then exits the process.
 * @param tuning replaces figures that no setting changes; tests use it
 */
export async function main(tuning: TuningOverrides = {}): Promise<never> {
  const secrets: (() => Iterable<string>)[] = [];
  const redactor = new Redactor({
    secrets: joined(
      () => secrets.map((read) => read()),
      (secret) => secret,
    ),
  });
  const errors = outputTo(process.stderr);
  const outputs = [errors];
  let reportCrash = (error: unknown) => errors.write(`${redactor.text(inspect(error))}\n`);
  // Node would print the error unredacted. Unhandled rejections arrive here too.
  process.on('uncaughtException', (error) => {
    try {
      reportCrash(error);
    } finally {
      void exitWith(1, outputs);
    }
  });
  const config = configOrExit(redactor, errors);
  const ofConfig = secretsOf(config);
  secrets.push(() => ofConfig);
  const callers = new Callers(config.callers);
  const telemetry = startTelemetry(config, callers, redactor);
  const { droppedLines } = telemetry.instruments;
  const output = gathered(outputTo(process.stdout, (reason) => droppedLines.add(1, { reason })));
  process.on('exit', output.flushSync);
  const logger = loggerOf(config, telemetry, redactor, output);
  outputs.push(output);
  reportCrash = (error) => logger.fatal({ err: error }, 'crashed');
  try {
    await run({ config, callers, telemetry, logger, redactor, tuning, secrets });
    return await exitWith(0, outputs);
  } catch (error) {
    logger.fatal({ err: error }, 'cannot run');
    return await exitWith(1, outputs);
  }
}

if (import.meta.main) await main();
