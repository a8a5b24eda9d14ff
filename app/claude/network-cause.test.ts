import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkCauseOf } from './network-cause.ts';

const coded = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more });

const TABLE: readonly [error: unknown, cause: string][] = [
  [coded('ENOTFOUND'), 'dns'],
  [coded('EAI_AGAIN'), 'dns'],
  [coded('ECONNREFUSED'), 'refused'],
  [coded('EHOSTUNREACH'), 'unreachable'],
  [coded('UND_ERR_CONNECT_TIMEOUT'), 'connect_timeout'],
  [coded('ECONNRESET'), 'reset'],
  [coded('UND_ERR_SOCKET'), 'reset'],
  [coded('UND_ERR_SOCKET', { cause: coded('EPIPE') }), 'reset'],
  [coded('CERT_HAS_EXPIRED'), 'tls'],
  [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
  [coded('EPROTO'), 'tls'],
  [coded('HPE_INVALID_CONSTANT'), 'protocol'],
  [coded('EMFILE'), 'local'],
  [coded('EADDRNOTAVAIL'), 'local'],
  // Happy eyeballs tries several addresses, and gives one error for each.
  [Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ETIMEDOUT' }), 'refused'],
  [new AggregateError([]), 'other'],
  [new Error('x', { cause: coded('EMFILE') }), 'local'],
  [coded('constructor'), 'other'],
  [new Error('x'), 'other'],
  [undefined, 'other'],
  ['text', 'other'],
];

for (const [error, cause] of TABLE) {
  const code = (error as { code?: string } | undefined)?.code ?? String(error);
  test(`networkCauseOf: ${code} is ${cause}`, () => {
    assert.equal(networkCauseOf(error), cause);
  });
}

test('networkCauseOf: an error that is its own cause ends', () => {
  const loop: { code: string; cause?: unknown } = { code: 'ECONNRESET' };
  loop.cause = loop;
  assert.equal(networkCauseOf(loop), 'reset');
});
