import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLines } from '../anthropic/json-lines.ts';
import { AppError } from '../errors.ts';
import { aRequest, bytes } from '../testing/fakes.ts';
import { LinkedAbort } from '../time/linked-abort.ts';
import { CallState } from './call-state.ts';
import { LinesReader } from './lines-reader.ts';

const NEVER_MS = 600_000;

/** A reader of these chunks, by a clock that stands still but for `pass`. */
function aReader(chunks: AsyncIterable<Uint8Array>) {
  let nowMs = 0;
  const state = new CallState(() => nowMs);
  const timedOut = new AppError('timeout', 'too late');
  const { signal } = new AbortController();
  const limit = new LinkedAbort(signal, { timeoutMs: NEVER_MS, onTimeout: () => timedOut });
  const seen: string[] = [];
  const read = ({ raw }: { readonly raw: Uint8Array }) => void seen.push(String(raw.length));
  const request = aRequest({ state, stream: true, lines: true });
  const reader = new LinesReader(parseLines(chunks), request, limit, { silenceMs: NEVER_MS, read });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { reader, state, limit, seen, pass };
}

test('LinesReader: a wait for the next result is the time of the upstream, and that between two is the service’s', async () => {
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield* bytes('{"a":1}\n');
    pass(5_000);
    yield* bytes('{"b":2}\n');
  };
  const { reader, state, pass } = aReader(chunks());
  state.upstreamWait.start();
  await reader.begin();
  state.upstreamWait.stop();
  for await (const _ of reader.replay()) pass(7);
  assert.equal(await reader.outcome, 'success');
  assert.deepEqual([state.overheadMs(), state.upstreamWait.elapsedMs()], [14, 5_000]);
});

test('LinesReader: the deadline of calls holds until the first result, and an empty list is a success', async () => {
  const { reader, state, seen } = aReader(bytes());
  assert.equal(state.hasContent, false);
  await reader.begin();
  assert.equal(state.hasContent, true);
  for await (const _ of reader.replay()) assert.fail('nothing was sent');
  assert.equal(await reader.outcome, 'success');
  assert.deepEqual(seen, []);
});

test('LinesReader: an abort ends a list that nobody reads, as its reason says', async () => {
  const { reader, limit } = aReader(bytes('{"a":1}\n', '{"b":2}\n'));
  await reader.begin();
  reader.replay();
  limit.abort(new AppError('client_cancelled', 'gone'));
  assert.equal(await reader.outcome, 'client_cancelled');
});

test('LinesReader: who stops reading stops the upstream, whose source is closed', async () => {
  let closed = 0;
  const { reader } = aReader(
    (async function* () {
      try {
        for (;;) yield* bytes('{"a":1}\n');
      } finally {
        closed += 1;
      }
    })(),
  );
  await reader.begin();
  for await (const _ of reader.replay()) break;
  assert.deepEqual([await reader.outcome, closed], ['client_cancelled', 1]);
});
