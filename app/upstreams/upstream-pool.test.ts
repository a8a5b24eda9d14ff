import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anUpstream, BREAKER } from '../testing/fakes.ts';
import { UpstreamPool } from './upstream-pool.ts';

function setUp(names: readonly string[]) {
  let nowMs = 0;
  const changes: unknown[] = [];
  const pool = new UpstreamPool(
    names.map((name) => anUpstream({ name })),
    BREAKER,
    {
      clock: { now: () => nowMs },
      random: () => 0,
      onCircuitChange: (upstream, state) => changes.push([upstream, state]),
    },
  );
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { changes, pass, pool };
}

const NONE: ReadonlySet<string> = new Set();
const anyKey = () => true;

const PICKS: readonly [what: string, tried: string[], withKey: string[], picked: string][] = [
  ['an untried one with a key', ['a'], ['a', 'b', 'c'], 'b'],
  ['an untried one without a key before a tried one with a key', ['a', 'b'], ['a'], 'c'],
  ['one with a key when all were tried', ['a', 'b', 'c'], ['b'], 'b'],
  ['any one when none has a key', [], [], 'a'],
];
for (const [what, tried, withKey, picked] of PICKS) {
  test(`upstream pool: it picks ${what}`, () => {
    const { pool } = setUp(['a', 'b', 'c']);
    const candidate = pool.pick(new Set(tried), ({ name }) => withKey.includes(name));
    assert.equal(candidate?.upstream.name, picked);
  });
}

test('upstream pool: upstreams at one host and port are one origin, whatever their path', () => {
  const baseUrls = ['http://a/eu', 'http://a:80/us', 'https://a', 'http://b'];
  const upstreams = baseUrls.map((baseUrl, i) => anUpstream({ name: `u${i}`, baseUrl }));
  const deps = { clock: { now: () => 0 }, random: () => 0 };
  assert.equal(new UpstreamPool(upstreams, BREAKER, deps).origins(), 3);
});

test('upstream pool: it reports whose circuit has changed, and when the first half-opens', () => {
  const { changes, pass, pool } = setUp(['a', 'b']);
  for (const name of ['a', 'b']) {
    for (let i = 0; i < BREAKER.minAttempts; i++) {
      pool.pick(NONE, anyKey)?.breaker.begin().end('failure');
    }
    assert.deepEqual(changes.at(-1), [name, 'open']);
    pass(100);
  }
  assert.equal(pool.pick(NONE, anyKey), undefined);
  assert.equal(pool.pickClosed(NONE, anyKey), undefined);
  assert.equal(pool.halfOpensInMs(), BREAKER.openMs - 200);
});
