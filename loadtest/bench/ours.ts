/** The service under test, with telemetry switched on signal by signal: each variant adds one to the one before. */
import type { Place } from './subject.ts';

type Env = Readonly<Record<string, string>>;

const NO_TRACES = { OTEL_TRACES_EXPORTER: 'none' };
const sampled = (ratio: string) => ({
  OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
  OTEL_TRACES_SAMPLER_ARG: ratio,
});

/** What each variant sets; what it does not name has the service's default. */
export const VARIANTS = {
  off: { OTEL_SDK_DISABLED: 'true', LOG_LEVEL: 'warn' },
  metrics: { ...NO_TRACES, LOG_LEVEL: 'warn' },
  logs: NO_TRACES,
  'traces-10': sampled('0.1'),
  'traces-100': sampled('1'),
  'logs-twice': { ...sampled('0.1'), OTEL_LOGS_EXPORTER: 'otlp' },
} as const satisfies Readonly<Record<string, Env>>;

export type Variant = keyof typeof VARIANTS;

/** All of the service's environment: nothing of this machine's own settings leaks into a measurement. */
export function oursEnv(variant: Variant, { upstream, otlp, port, metricsPort }: Place): Env {
  return {
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    CLAUDE_API_KEY: 'a-key-of-the-bench',
    CLAUDE_BASE_URL: upstream,
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
    // 500 streams are served at once; with the defaults all above 100 would wait.
    ADMISSION_LIMIT: '1000',
    POOL_CONNECTIONS: '1000',
    ...VARIANTS[variant],
  };
}
