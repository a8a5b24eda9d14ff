/**
 * The service as several processes behind one port: `workers.ts <metrics port>…`, one worker for each. They share the
 * public port by `node:cluster`, and each has its own page of metrics, which Prometheus tells apart by instance.
 */
import cluster from 'node:cluster';
import { join } from 'node:path';
import { ROOT } from '../../../observability/local/paths.ts';

const ports = process.argv.slice(2);

cluster.setupPrimary({
  exec: join(ROOT, 'app/main.ts'),
  execArgv: ['--import', join(ROOT, 'app/telemetry/preload.ts')],
});
for (const port of ports) cluster.fork({ METRICS_PORT: port });

// A worker stops by itself as a single process does: it finishes its calls, then exits.
process.on('SIGTERM', () => {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
});
