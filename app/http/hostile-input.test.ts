/** Requests written byte for byte by an attacker: forged IDs, targets and headers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { listen, rawRequest } from '../testing/http.ts';
import { BODY, MODEL } from '../testing/messages.ts';
import { useSimulatedService } from '../testing/simulated-service.ts';

const HOSTILE_IDS: readonly [name: string, id: string][] = [
  ['of 10 kB', 'x'.repeat(10_240)],
  ['beyond ASCII', 'Gr\u00fc\u00dfe'],
  ['of zeros', '00000000-0000-0000-0000-000000000000'],
  ['with a space', 'a b'],
  ['like a log line', '{"level":"fatal"}'],
];

describe('hostile input', { concurrency: false }, () => {
  const api = useSimulatedService({ TRUST_INBOUND_TRACE: 'true' });
  const raw = (text: string) => rawRequest(Number(new URL(api.service.url).port), text);

  for (const [name, value] of HOSTILE_IDS) {
    test(`correlation ID ${name}: it is replaced, logged once and appears nowhere`, async () => {
      const answer = await raw(
        `GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-correlation-id: ${value}\r\n\r\n`,
      );
      const id = /\r\nx-correlation-id: ([^\r]*)\r\n/.exec(answer)?.[1] ?? '';
      assert.match(id, /^[0-9a-f]{32}$/);
      await api.service.line((l) => l['msg'] === 'request' && l['correlation_id'] === id);
      const said = api.service.lines.filter(
        (l) => l['correlation_id'] === id && String(l['msg']).includes('replaced'),
      );
      assert.equal(said.length, 1);
      assert(!JSON.stringify(api.service.lines).includes(value.slice(0, 200).padEnd(40)));
      assert.match(await api.metrics(), /claude_correlation_ids_replaced_total(\{\})? [1-9]/);
    });
  }

  test('no request target leads the key to another host or path', async (t) => {
    const seen: string[] = [];
    const stranger = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['x-api-key']}`);
      response.end('{}');
    });
    const host = `127.0.0.1:${await listen(t, stranger)}`;
    const targets: readonly [method: string, target: string, upstream: string | undefined][] = [
      ['GET', `http://${host}/v1/models`, '/v1/models'],
      ['GET', `http://${host}/v1/models/${MODEL}`, `/v1/models/${MODEL}`],
      ['POST', `http://${host}/v1/messages?beta=true`, '/v1/messages'],
      ['POST', `http://${host}/v1/messages/count_tokens`, '/v1/messages/count_tokens'],
      ['GET', `//${host}/v1/models`, undefined],
      ['GET', '/v1/models/..', undefined],
      ['GET', '/v1/models/%2e%2e', undefined],
      ['GET', '/v1/models/%2e', undefined],
      ['GET', '/v1/models/%ff', undefined],
      ['GET', '/v1/models/..%2fmessages', '/v1/models/..%2Fmessages'],
      [
        'GET',
        `/v1/models/http:%2f%2f${host}`,
        `/v1/models/${encodeURIComponent(`http://${host}`)}`,
      ],
      ['GET', '/v1/models/a%3fb%23c%0d%0ax', '/v1/models/a%3Fb%23c%0D%0Ax'],
      ['GET', '/V1/Models/', '/v1/models'],
    ];
    for (const [method, target, upstream] of targets) {
      const id = randomUUID();
      const body = method === 'POST' ? BODY : '';
      const answer = await raw(
        `${method} ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n` +
          `x-correlation-id: ${id}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      assert.match(answer, /^HTTP\/1\.1 (200|400|404) /, target);
      const asked = api.requestsOf(id).map(({ path }) => path);
      assert.deepEqual(asked, upstream === undefined ? [] : [upstream], target);
    }
    assert.deepEqual(seen, []);
  });

  test('a folded header cannot smuggle a second one', async () => {
    const answer = await raw(
      'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n' +
        'x-correlation-id: a\nx-evil: 1\r\n b\r\n\r\n',
    );
    assert(answer.length > 0);
    assert(!answer.includes('x-evil'));
  });
});
