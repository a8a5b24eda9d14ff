import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementsOf, memberOf, membersOf, replaceMember, sizeOfJson } from './json-text.ts';

/** A generator of numbers from 0 to 1, the same for each run. https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const WORDS = ['0', '-1.50e+3', '12345678901234567890', 'true', 'false', 'null'];
const TEXTS = ['""', '"a"', '"\\""', '"\\\\"', '"\\\\\\""', '"[{,:}]"', '"\\u0022"', '"ä😀"'];
const KEYS = ['""', '"a"', '"b"', '"\\u0061"', '"[{,:}]"', '"\\"q"', '"ä😀"'];
const SPACES = ['', '', ' ', '\n\t', '\r\n'];

/** Writes random JSON with odd spaces, escapes and duplicate keys. */
function write(random: () => number, depth: number): string {
  const one = (list: readonly string[]) => list[Math.floor(random() * list.length)] as string;
  const space = () => one(SPACES);
  const kind = depth > 4 ? random() * 0.5 : random();
  if (kind < 0.25) return one(WORDS);
  if (kind < 0.5) return one(TEXTS);
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => {
    const value = write(random, depth + 1);
    return kind < 0.75 ? value : `${one(KEYS)}${space()}:${space()}${value}`;
  }).map((part) => space() + part + space());
  const inside = parts.length > 0 ? parts.join(',') : space();
  return kind < 0.75 ? `[${inside}]` : `{${inside}}`;
}

test('json-text: the parts of a thousand random texts are what a parser finds', () => {
  const random = seeded(42);
  let objects = 0;
  for (let i = 0; i < 4_000; i++) {
    const text = ` ${write(random, 0)} `;
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      const parts = elementsOf(text).map(({ start, end }) => JSON.parse(text.slice(start, end)));
      assert.deepEqual(parts, value, text);
      continue;
    }
    objects += 1;
    const parts = membersOf(text).map(
      ({ key, start, end }) => [key, JSON.parse(text.slice(start, end))] as const,
    );
    assert.deepEqual(Object.fromEntries(parts), value, text);
  }
  assert.ok(objects > 500);
});

test('json-text: of duplicate keys the last one counts, however it is spelled', () => {
  const text = '{"model":"a","mod\\u0065l":"b"}';
  const member = memberOf(text, 'model');
  assert.equal(text.slice(member?.start, member?.end), '"b"');
  assert.equal(replaceMember(text, 'model', '"c"'), '{"model":"c","mod\\u0065l":"c"}');
});

test('json-text: a replaced member leaves the rest as it was written', () => {
  const text = '{ "n" : 12345678901234567890, "model" :"a" , "__proto__":{"x":1.0} }';
  const expected = '{ "n" : 12345678901234567890, "model" :"b" , "__proto__":{"x":1.0} }';
  assert.equal(replaceMember(text, 'model', '"b"'), expected);
});

test('json-text: a member inside another object is not the object’s own', () => {
  const text = '{"a":{"model":"x"},"b":[{"model":"y"}]}';
  assert.equal(replaceMember(text, 'model', '"z"'), text);
});

test('json-text: a text that is nested a hundred thousand deep is read without recursion', () => {
  const text = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"model":"m"}`;
  assert.equal(memberOf(text, 'model')?.end, text.length - 1);
  assert.equal(sizeOfJson(Buffer.from(text)).depth, 100_001);
});

test('json-text: values are counted, and what texts hold is not', () => {
  const size = sizeOfJson(Buffer.from('{"a":[1,2,"[,{\\",["],"b":"\\\\","c":{}}'));
  assert.ok(size.values >= 8 && size.values <= 10, String(size.values));
  assert.equal(size.depth, 2);
});

test('json-text: an unfinished text of backslashes and quotes is counted in linear time', () => {
  const bytes = Buffer.from(`"${'\\"'.repeat(1_000_000)}`);
  assert.equal(sizeOfJson(bytes).values, 1);
  const escapes = Buffer.from(`"${'\\'.repeat(2_000_000)}"`);
  assert.equal(sizeOfJson(escapes).values, 1);
});
