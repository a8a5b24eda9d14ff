/** `.env.example`: every setting of the service with its default and meaning, then those of the local stack. */
import { settingsSchema } from '../../app/config/settings.ts';

const HEAD = `# Every setting of the service with its default. Copy this file to .env and remove the # from what you
# change. OTEL_* have their standard meanings; the SDK itself reads more of them, such as
# OTEL_SERVICE_NAME. \`make generate\` writes this file.
`;

const LOCAL_STACK = `# --- The local stack (make up); the service reads none of these ---

# compose or processes; by default make up takes compose where a Docker engine runs
#STACK=

# The port of each component, on loopback
#SIMULATOR_PORT=8081
#OTLP_PORT=4318
#PROMETHEUS_PORT=9090
#ALERTMANAGER_PORT=9093
#RECEIVER_PORT=9095
#GRAFANA_PORT=3000
#TEMPO_PORT=3200
#LOKI_PORT=3100
#COLLECTOR_PORT=13133
#CONSOLE_PORT=8090

# Keys that the simulator accepts, and how long its responses take: none, documented or realistic
#SIMULATOR_KEYS=sim-key-for-local-use
#SIMULATOR_PROFILE=documented

# Whether the simulator exports Claude's own spans, as the API does (docs/claude-spans.md): on or off
#SIMULATOR_SPANS=on

# Percentage of ordinary traces that the collector keeps; errors and slow calls are always kept
#TRACES_KEPT_PERCENT=100

# Makes unpredictable whose trace is kept; use the same value for all collectors of a fleet
#TRACES_KEPT_SALT=claude-observatory
`;

/** @returns the file's text, as it is committed */
export function envExample(): string {
  const defaults: Readonly<Record<string, unknown>> = settingsSchema.parse({});
  const settings = Object.entries(settingsSchema.shape).map(
    ([name, { description }]) => `# ${description}\n#${name}=${String(defaults[name] ?? '')}\n`,
  );
  return [HEAD, ...settings, LOCAL_STACK].join('\n');
}
