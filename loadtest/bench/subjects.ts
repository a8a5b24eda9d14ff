/** Everything that `make bench` compares, in the order of the page. */
import { fileURLToPath } from 'node:url';
import { GATEWAYS } from './gateways.ts';
import { oursEnv, type Variant } from './ours.ts';
import { packageVersion } from './packages.ts';
import type { Place, Subject } from './subject.ts';

const programOf = (file: string) => fileURLToPath(new URL(`subjects/${file}.ts`, import.meta.url));

/** A program of `subjects/`, which gets the upstream and a port. */
const own =
  (file: string, args: readonly string[] = [], nodeOptions: readonly string[] = [], env = {}) =>
  ({ upstream, otlp, port }: Place) => ({
    program: process.execPath,
    args: [...nodeOptions, programOf(file), ...args],
    env: { UPSTREAM: upstream, PORT: String(port), OTEL_EXPORTER_OTLP_ENDPOINT: otlp, ...env },
  });

/** Its name is what ratios are taken against. */
export const LIMIT = 'express';

const LIMITS: readonly Subject[] = [
  {
    name: 'node-http',
    label: '`node:http` + `undici.request`',
    kind: 'limit',
    extras: [],
    version: () => `undici ${packageVersion('undici')}`,
    start: own('node-http'),
  },
  {
    name: LIMIT,
    label: 'Express + `undici.request`, nothing else (the limit)',
    kind: 'limit',
    extras: ['delay', 'bodies', 'streams'],
    version: () => `express ${packageVersion('express')}`,
    start: own('express'),
  },
];

function ours(variant: Variant, label: string, extras: Subject['extras'] = []): Subject {
  return {
    name: variant,
    label,
    kind: 'ours',
    extras,
    version: () => '',
    start: (place) => ({
      program: process.execPath,
      args: ['app/main.ts'],
      env: oursEnv(variant, place),
    }),
  };
}

/** Everything on: all stages, metrics, a log line a call, and one trace in ten. */
export const EVERYTHING = 'traces-10' satisfies Variant;

const OURS: readonly Subject[] = [
  ours('off', 'ours, telemetry off', ['streams']),
  ours('metrics', 'ours, + metrics'),
  ours('logs', 'ours, + logs'),
  ours(EVERYTHING, 'ours, + traces 10 % (everything on)', ['delay', 'bodies', 'streams']),
  ours('traces-100', 'ours, + traces 100 %', ['delay']),
  ours('logs-twice', 'ours, traces 10 %, log lines by OTLP as well'),
];

function client(name: string, label: string, packageName: string): Subject {
  return {
    name,
    label,
    kind: 'client',
    extras: [],
    version: () => `${packageName} ${packageVersion(packageName)}`,
    start: own('express', [name]),
    lacking: () =>
      packageVersion(packageName) ? undefined : `${packageName} could not be fetched from npm`,
  };
}

const AUTO = '@opentelemetry/auto-instrumentations-node';
const SDK = client('sdk', 'Express + the official SDK, no telemetry', '@anthropic-ai/sdk');

const CLIENTS: readonly Subject[] = [
  client('trae', 'Express + Trae as it ships', 'trae'),
  client('axios', 'Express + Axios', 'axios'),
  client('got', 'Express + Got', 'got'),
  {
    name: 'fetch',
    label: "Express + Node's `fetch`",
    kind: 'client',
    extras: [],
    version: () => `node ${process.versions.node}`,
    start: own('express', ['fetch']),
  },
  { ...SDK, extras: ['delay'] },
  {
    ...SDK,
    name: 'sdk-auto',
    label: 'Express + the official SDK, auto-instrumented, traces 10 %',
    version: () => `${AUTO} ${packageVersion(AUTO)}`,
    start: own('express', ['sdk'], ['--import', programOf('auto-instrumentation')], {
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.1',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    }),
    lacking: () => (packageVersion(AUTO) ? undefined : `${AUTO} could not be fetched from npm`),
  },
];

export const SUBJECTS: readonly Subject[] = [...LIMITS, ...OURS, ...CLIENTS, ...GATEWAYS];
