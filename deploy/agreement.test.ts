/** What deploy/ says of times, sizes and images agrees with the service and with the local stack. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { readConfig } from '../app/config/config.ts';
import { settingsSchema } from '../app/config/settings.ts';
import { LINGER_MS } from '../app/http/connections.ts';
import { CUT_GRACE_MS } from '../app/http/stop.ts';
import { FLUSH_LIMIT_MS, OUTPUT_LIMIT_MS } from '../app/main.ts';
import { ROOT } from '../observability/local/paths.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const deployment = parse(read('deploy/kubernetes/service/deployment.yaml'));
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const compose = parse(read('docker-compose.yml')).services;
const { stop, server, metrics, callers } = readConfig({
  HOST: '0.0.0.0',
  ...parseEnv(read('deploy/kubernetes/service/settings.env')),
});
/** A stop takes this long beside the delay and the calls: it accepts those who wait, and sends the last spans and lines. */
const LAST_MS = LINGER_MS + CUT_GRACE_MS + FLUSH_LIMIT_MS + OUTPUT_LIMIT_MS;

test('Kubernetes: a pod is given the time that all phases of a stop may take', () => {
  const graceMs = pod.terminationGracePeriodSeconds * 1000;
  assert(graceMs >= stop.delayMs + stop.limitMs + LAST_MS, `${graceMs} ms`);
});

test('Kubernetes: a pod takes calls until probes have failed and endpoints have spread', () => {
  const { periodSeconds, failureThreshold } = container.readinessProbe;
  assert(stop.delayMs >= (periodSeconds * failureThreshold + 5) * 1000, `${stop.delayMs} ms`);
});

test('Kubernetes: a restart begins with no pod less, and without waiting for probes that hang', () => {
  assert.equal(deployment.spec.strategy.rollingUpdate.maxUnavailable, 0);
  for (const name of ['readinessProbe', 'livenessProbe']) {
    const { timeoutSeconds, periodSeconds } = container[name];
    assert(timeoutSeconds < periodSeconds, name);
  }
});

test('Kubernetes: ports are those on which the service listens, and it knows its callers', () => {
  const ports = container.ports.map(
    ({ containerPort }: { containerPort: number }) => containerPort,
  );
  assert.deepEqual(ports, [server.port, metrics.port]);
  assert(callers.length > 0);
});

test('Kubernetes: memory and the image of the collector are those of docker-compose.yml', () => {
  const { limits, requests } = container.resources;
  assert.equal(limits.memory, `${Number.parseInt(compose.service.mem_limit, 10)}Mi`);
  assert.equal(requests.memory, limits.memory);
  const collector = parse(read('deploy/kubernetes/collector/deployment.yaml'));
  assert.equal(collector.spec.template.spec.containers[0].image, compose.collector.image);
});

test('documentation: the time that a stop takes at last is the same everywhere', () => {
  const seconds = Math.ceil(LAST_MS / 1000);
  for (const path of [
    'docs/deployment.md',
    'docs/stopping.md',
    'deploy/kubernetes/service/deployment.yaml',
  ])
    assert(read(path).includes(`and ${seconds} s for`), path);
});

test('nginx: sizes and times fit those of the service and of the documentation', () => {
  const config = read('deploy/nginx/claude.conf');
  const figure = (pattern: RegExp) =>
    Number(pattern.exec(config)?.[1] ?? assert.fail(`${pattern}`));
  const { BODY_LIMIT_BYTES, CALL_DEADLINE_MS } = settingsSchema.parse({});
  assert.equal(figure(/client_max_body_size (\d+)m;/) * 1024 * 1024, BODY_LIMIT_BYTES);
  assert(figure(/proxy_read_timeout (\d+)s;/) * 1000 > CALL_DEADLINE_MS);
  const delayMs = Number(/`DRAIN_DELAY_MS=(\d+)`/.exec(read('docs/deployment.md'))?.[1]);
  assert(figure(/keepalive_timeout (\d+)s;/) * 1000 < delayMs);
  const stopMs = delayMs + settingsSchema.parse({}).SHUTDOWN_TIMEOUT_MS + LAST_MS;
  const patienceS = Number(/`TimeoutStopSec=(\d+)`/.exec(read('docs/deployment.md'))?.[1]);
  assert(patienceS * 1000 >= stopMs, `${patienceS} s`);
});
