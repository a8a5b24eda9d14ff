import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { canonicalV1, canonicalV2, type SignedRequest, signatureOf } from './signature.ts';

const page = await readFile(new URL('../../docs/signing.md', import.meta.url), 'utf8');
const block = (language: string) =>
  new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, 'ms').exec(page)?.[1] ?? '';
const secret = /the secret `([^`]+)`/.exec(page)?.[1] ?? '';

/** The page's request, taken apart as the receiving end does it. */
function example(): SignedRequest & { readonly signature: string } {
  const [head = '', body = ''] = block('http').split('\n\n');
  const [requestLine = '', ...lines] = head.split('\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const headers = new Map(lines.map((line) => line.split(': ') as [string, string]));
  const of = (name: string) => headers.get(name) ?? '';
  return {
    method,
    target,
    timestamp: of('x-timestamp'),
    nonce: of('x-nonce'),
    keyId: of('x-signature-key'),
    body,
    signature: of('x-signature-v2'),
  };
}

test('docs/signing.md: the request gives the canonical string, and that gives the signature', () => {
  const { signature, ...request } = example();
  assert.equal(canonicalV2(request), block('text'));
  assert.equal(signatureOf(secret, block('text')).toString('hex'), signature);
});

test('docs/signing.md: the shell commands print the same signature', (t) => {
  const { error, stdout } = spawnSync('bash', ['-c', block('bash')], { encoding: 'utf8' });
  if (error || spawnSync('openssl', ['version']).error) return t.skip('bash or openssl is missing');
  assert.equal(stdout.trim(), example().signature);
});

test('canonicalV1: timestamp and URL, as in the article', () => {
  const message = canonicalV1('1764000000000', '/v1/messages?beta=true');
  assert.equal(
    signatureOf(secret, message).toString('hex'),
    'cbcc9b5689eb0d2d7a7a9a0fa11afc6f9f44c24c9e7eec327a91ed08cb1d3211',
  );
});

test('canonicalV2: a part with a line feed is refused, as it could pass for two', () => {
  const { signature: _signature, ...request } = example();
  for (const part of ['method', 'target', 'timestamp', 'nonce', 'keyId'] as const) {
    assert.throws(() => canonicalV2({ ...request, [part]: `${request[part]}\nmore` }), /line feed/);
  }
});

test('canonicalV2: every part counts, and moving a character between parts changes the string', () => {
  const { signature: _signature, ...request } = example();
  const messages = [
    request,
    { ...request, method: 'GET' },
    { ...request, target: '/' },
    { ...request, timestamp: '1' },
    { ...request, nonce: 'n' },
    { ...request, body: '' },
    { ...request, keyId: '' },
    { ...request, timestamp: `${request.timestamp}0`, nonce: request.nonce.slice(1) },
  ].map(canonicalV2);
  assert.equal(new Set(messages).size, messages.length);
});

test('canonicalV2: a text and its UTF-8 bytes have the same digest', () => {
  const { signature: _signature, ...request } = example();
  const text = '{"a":"中文"}';
  assert.equal(
    canonicalV2({ ...request, body: text }),
    canonicalV2({ ...request, body: Buffer.from(text) }),
  );
});
