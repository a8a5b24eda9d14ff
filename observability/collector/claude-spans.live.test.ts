/** The receiver for Claude's own spans, in the real collector: TLS and a token, and spans that come late. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { eventually } from '../../app/testing/poll.ts';
import { freePort } from '../../app/testing/service-process.ts';
import { type ExportedSpan, exportOf } from '../../loadtest/simulator/claude-spans.ts';
import { findTool, ROOT } from '../local/paths.ts';
import { type SpanStore, startSpanStore } from '../local/span-store.ts';

const TOKEN = 'token-of-the-destination';
/** The collector batches and samples before it exports. */
const SLOW = { timeoutMs: 20_000 } as const;

const otelcol = findTool('otelcol');

function whyNot(): string | false {
  if (!otelcol) return 'no otelcol here';
  if (!findTool('openssl')) return 'no openssl here, which makes the certificate';
  const components = execFileSync(otelcol, ['components'], { encoding: 'utf8' });
  return components.includes('bearertokenauth')
    ? false
    : 'otelcol was built before builder.yaml had bearertokenauth: remove it, then make test';
}

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

function spanOf(traceId: string, parentSpanId: string, error = false): ExportedSpan {
  const end = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId,
    spanId: hex(8),
    parentSpanId,
    name: 'anthropic.messages.create',
    kind: 2,
    startTimeUnixNano: String(end - 5_000_000n),
    endTimeUnixNano: String(end),
    attributes: [],
    status: { code: error ? 2 : 0 },
  };
}

describe('the receiver of Claude’s spans', { concurrency: false, skip: whyNot() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'claude-spans-'));
  const [cert, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
  let tempo: SpanStore;
  let collector: ChildProcess;
  let plain: string;
  let secure: string;
  let agent: Agent;
  let log = '';

  before(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', key, '-out', cert, '-days', '2', ...subject];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files], {
      stdio: 'ignore',
    });
    agent = new Agent({ connect: { ca: readFileSync(cert) } });
    tempo = await startSpanStore({ port: 0 });
    const [own, claude, health, metrics] = await Promise.all([1, 2, 3, 4].map(freePort));
    plain = `http://127.0.0.1:${own}`;
    secure = `https://localhost:${claude}`;
    const set = (path: string, value: string | number) => ['--config', `yaml:${path}: ${value}`];
    collector = spawn(
      otelcol ?? '',
      [
        ...['--config', join(ROOT, 'observability/collector/config.yaml')],
        ...['--config', join(ROOT, 'observability/collector/claude-spans.yaml')],
        ...set('receivers::otlp::protocols::http::endpoint', `127.0.0.1:${own}`),
        ...set('receivers::otlp/claude::protocols::http::endpoint', `127.0.0.1:${claude}`),
        ...set('extensions::health_check::endpoint', `127.0.0.1:${health}`),
        ...set('exporters::otlp_http/tempo::endpoint', tempo.url),
        '--config',
        `yaml:service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metrics}}}}}]`,
      ],
      {
        env: {
          TRACES_KEPT_PERCENT: '0',
          CLAUDE_SPANS_TOKEN: TOKEN,
          CLAUDE_SPANS_CERT: cert,
          CLAUDE_SPANS_KEY: key,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    collector.stderr?.on('data', (chunk) => {
      log += chunk;
    });
    await eventually(async () => {
      if (collector.exitCode !== null) throw new Error(`the collector ended: ${log}`);
      const answer = await fetch(`http://127.0.0.1:${health}`).catch(() => undefined);
      return answer?.ok;
    }, SLOW);
  });
  after(async () => {
    collector.kill('SIGTERM');
    await once(collector, 'exit');
    await agent.close();
    await tempo.close();
    rmSync(directory, { recursive: true });
  });

  async function post(url: string, span: ExportedSpan, headers: Readonly<Record<string, string>>) {
    const { statusCode, body } = await request(`${url}/v1/traces`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json', ...headers },
      body: exportOf([span]),
    });
    await body.dump();
    return statusCode;
  }

  test('the receiver of Claude’s spans: a span that comes after the decision about its trace follows it', async () => {
    const [failed, ordinary] = [hex(16), hex(16)];
    const kept = (traceId: string) => tempo.spans().filter((span) => span.traceId === traceId);
    assert.equal(await post(plain, spanOf(ordinary, ''), {}), 200);
    assert.equal(await post(plain, spanOf(failed, '', true), {}), 200);
    await eventually(() => kept(failed).length === 1, SLOW);
    const authorization = `Bearer ${TOKEN}`;
    assert.equal(await post(secure, spanOf(ordinary, hex(8)), { authorization }), 200);
    assert.equal(await post(secure, spanOf(failed, hex(8)), { authorization }), 200);
    await eventually(() => kept(failed).length === 2, SLOW);
    assert.equal(kept(failed)[1]?.resource['service.name'], 'claude-platform');
    assert.deepEqual(kept(ordinary), []);
  });

  for (const authorization of ['', 'Bearer wrong', `Basic ${TOKEN}`, TOKEN]) {
    test(`the receiver of Claude’s spans: the authorization "${authorization}" is refused`, async () => {
      const headers: Record<string, string> = authorization === '' ? {} : { authorization };
      assert.equal(await post(secure, spanOf(hex(16), ''), headers), 401);
    });
  }

  test('the receiver of Claude’s spans: it takes no plain HTTP', async () => {
    const url = secure.replace('https', 'http');
    assert.equal(await post(url, spanOf(hex(16), ''), { authorization: `Bearer ${TOKEN}` }), 400);
  });
});
