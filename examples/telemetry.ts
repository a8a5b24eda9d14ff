/** The pipeline in a program that has OpenTelemetry, with the metrics of the rules: `node examples/telemetry.ts`. */
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createClaude } from 'claude-observatory/pipeline';
import { createTelemetry } from 'claude-observatory/telemetry';

const { CLAUDE_BASE_URL: url = 'https://api.anthropic.com', METRICS_PORT = '9464' } = process.env;
const { producer, telemetry } = createTelemetry({ log: (line) => process.stdout.write(line) });

const exporter = new PrometheusExporter({
  port: Number(METRICS_PORT),
  withoutScopeInfo: true,
  metricProducers: [producer],
});
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));

const model = 'claude-haiku-5-5';
const upstreams = [{ name: 'direct', url, keys: 'env:CLAUDE_API_KEY' }];
const claude = createClaude({ upstreams, models: [model], telemetry });
const messages = [{ role: 'user', content: 'Hello' }];
const { data } = await claude.messages({ model, max_tokens: 64, messages, stream: true });
if (typeof data !== 'string') for await (const _events of data);
// The exporter alone keeps no process alive, as a service's own server does.
setInterval(() => {}, 60_000);
