/** For tests of signatures: a table of attacks over real HTTP, and the changes that an attacker makes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIGNATURE_HEADERS } from '../signing/signature.ts';
import type { VerifyOptions } from '../signing/verify.ts';
import type { SignatureResult } from '../telemetry/vocabulary.ts';
import { type Honest, receiver, type Sent, START_MS, send, signed } from './signatures.ts';

export type Change = (sent: Sent) => Sent;

/** One case: an honest request, what an attacker makes of it, and the result of its check. */
export interface Attack {
  readonly result: SignatureResult;
  readonly honest?: Honest;
  readonly change?: Change;
  /** The receiver's clock minus the timestamp; default 0. */
  readonly laterMs?: number;
  /** The honest request was received before: here, or by an instance with a store of its own. */
  readonly before?: 'here' | 'elsewhere';
  readonly end?: Partial<VerifyOptions>;
}

const MESSAGE = 'the request has no valid signature';

/** The response that the caller gets for each result. */
const ANSWER: Readonly<Record<SignatureResult, { status: number; message: unknown }>> = {
  valid: { status: 200, message: undefined },
  missing: { status: 401, message: MESSAGE },
  malformed: { status: 401, message: MESSAGE },
  unknown_version: { status: 401, message: MESSAGE },
  bad_signature: { status: 401, message: MESSAGE },
  replayed: { status: 401, message: MESSAGE },
  skewed: { status: 401, message: "the request's timestamp is off by more than 300 s" },
  unavailable: { status: 503, message: 'signatures cannot be checked at the moment' },
};

/**
 * Makes a test of each row: the response, what is recorded, and that only a valid request gets through.
 * @param subject begins each title
 */
export function attackTable(subject: string, rows: Readonly<Record<string, Attack>>): void {
  for (const [name, attack] of Object.entries(rows)) {
    const { result, honest, change = (sent) => sent, laterMs = 0, before, end } = attack;
    test(`${subject}: ${name} → ${result}`, async (t) => {
      const sent = await signed(honest);
      const here = await receiver(t, { now: () => START_MS + laterMs, ...end });
      if (before) {
        const first = before === 'here' ? here : await receiver(t, end);
        assert.equal((await send(first.port, sent)).status, 200);
        first.checks.length = 0;
        first.bodies.length = 0;
      }
      assert.deepEqual(await send(here.port, change(sent)), ANSWER[result]);
      const proven = result === 'valid' || result === 'skewed';
      assert.deepEqual(here.checks, [proven ? { result, skewMs: laterMs } : { result }]);
      assert.equal(here.bodies.length, result === 'valid' ? 1 : 0);
    });
  }
}

type Name = keyof typeof SIGNATURE_HEADERS;

/** Replaces one of the signature's headers with the result of `change`. */
export function header(name: Name, change: (value: string) => string | readonly string[]): Change {
  const full = SIGNATURE_HEADERS[name];
  return (sent) => {
    const value = change(String(sent.headers[full] ?? ''));
    return { ...sent, headers: { ...sent.headers, [full]: value } };
  };
}

export function without(name: Name): Change {
  return (sent) => {
    const { [SIGNATURE_HEADERS[name]]: _gone, ...headers } = sent.headers;
    return { ...sent, headers };
  };
}

/** Sends a header twice: a proxy might read one of them and the service the other. */
export function twice(name: Name): Change {
  return header(name, (value) => [value, value]);
}

export function target(to: string): Change {
  return (sent) => ({ ...sent, target: to });
}

/** @param headers are added */
export function body(to: string | Buffer, headers: Record<string, string> = {}): Change {
  return (sent) => ({ ...sent, body: to, headers: { ...sent.headers, ...headers } });
}

export function method(to: string): Change {
  return (sent) => ({ ...sent, method: to });
}
