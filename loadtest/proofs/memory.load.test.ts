/** Proves that the container's memory limit and the service's settings fit, whatever strangers send. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { listen, postJson } from '../../app/testing/http.ts';
import { ASK } from '../../app/testing/messages.ts';
import { eventually } from '../../app/testing/poll.ts';
import { startService } from '../../app/testing/service-process.ts';
import { createMemoryCgroup } from '../lib/cgroup.ts';
import { hostileLoad } from '../lib/hostile-load.ts';

const DURATION_MS = 60_000;
const MiB = 1024 * 1024;

/** The limits that the service has in its container: of its heap in the image, of its memory in compose. */
function limits(): { readonly memoryBytes: number; readonly nodeOptions: string } {
  const compose = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
  const image = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const [, nodeOptions = ''] = /NODE_OPTIONS=(\S+)/.exec(image) ?? [];
  const [, mebibytes] = /mem_limit: (\d+)m/.exec(compose) ?? [];
  assert(nodeOptions && mebibytes);
  return { memoryBytes: Number(mebibytes) * MiB, nodeOptions };
}

const TEXT = JSON.stringify({
  type: 'message',
  content: [{ type: 'text', text: 'x'.repeat(200_000) }],
  usage: { input_tokens: 1, output_tokens: 1 },
});
const DELTA = `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${'x'.repeat(1_000)}"}}\n\n`;

/** An upstream with long answers and streams without an end, which it sends as fast as they are read. */
function endlessUpstream(): Server {
  return createServer(async (request, response) => {
    let head = '';
    for await (const chunk of request) if (head.length < 1_000) head += chunk;
    if (!head.includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(TEXT);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: message_start\ndata: {"type":"message_start","message":{}}\n\n');
    const more = () => {
      while (!response.destroyed && response.write(DELTA));
    };
    response.on('drain', more);
    more();
  });
}

/** The memory of the process, where no cgroup tells: its most, as the kernel counted it. */
function peakOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

test('memory: a minute of the worst bodies, streams and readers ends with 503s and kills nothing', async (t) => {
  const { memoryBytes, nodeOptions } = limits();
  const cgroup = createMemoryCgroup(memoryBytes, nodeOptions);
  const upstream = `http://127.0.0.1:${await listen(t, endlessUpstream())}`;
  const service = await startService({
    CLAUDE_API_KEY: 'a-key-of-nobody',
    CLAUDE_BASE_URL: upstream,
    OTEL_TRACES_EXPORTER: 'none',
    NODE_OPTIONS: nodeOptions,
    ...cgroup?.env,
  });
  const ask = () =>
    postJson(`${service.url}/v1/messages`, ASK).then(
      ({ status }) => status,
      () => 0,
    );
  const end = new AbortController();
  const load = hostileLoad(service.url, end.signal);
  const statuses: number[] = [];
  const untilMs = performance.now() + DURATION_MS;
  while (performance.now() < untilMs && service.child.exitCode === null) {
    statuses.push(await ask());
    await delay(100);
  }
  end.abort();
  const tally = await load;
  const wellBehaved = Object.entries(Object.groupBy(statuses, (status) => status)).map(
    ([status, all]) => `${status}: ${all?.length}`,
  );
  const peakBytes = cgroup?.peakBytes() ?? peakOf(service.child.pid);
  t.diagnostic(
    `${cgroup ? 'in a cgroup' : 'without a cgroup, which this machine or user cannot have'}: peak ${Math.round(peakBytes / MiB)} of ${memoryBytes / MiB} MiB; attackers ${JSON.stringify(tally)}; a caller ${wellBehaved}`,
  );
  assert.equal(service.child.exitCode, null, `the service ended: ${service.errors()}`);
  assert.equal(service.child.signalCode, null);
  assert.equal(cgroup?.kills() ?? 0, 0);
  assert(peakBytes <= memoryBytes);
  assert((tally[503] ?? 0) > 0, 'nothing was refused for want of room');
  assert(tally[400], 'nothing was refused for what it was');
  // Whoever sends a small request is served all the while, and everybody when it is over.
  const served = statuses.filter((status) => status === 200).length;
  assert(served > 0);
  await eventually(async () => (await ask()) === 200);
  assert.equal(await service.stop(), 0);
  cgroup?.remove();
});
