/** The check of bodies by hand against the schema that it stands in for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMessages, messagesBody } from './schemas.ts';

/** What JSON can hold; undefined leaves the field out. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  'm',
  '1',
  0,
  -0,
  1,
  -1,
  1.5,
  1e300,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  [],
  [null],
  [{ role: 'user' }],
  {},
  { length: 1, 0: 'x' },
];

test('isMessages: it accepts what the schema accepts, whatever the four fields hold', () => {
  let accepted = 0;
  for (const model of VALUES) {
    for (const messages of VALUES) {
      for (const max_tokens of VALUES) {
        for (const stream of VALUES) {
          const fields = { model, messages, max_tokens, stream };
          // As JSON has them: a field that is undefined is not there.
          const body = Object.fromEntries(
            Object.entries(fields).filter(([, value]) => value !== undefined),
          );
          const expected = messagesBody.safeParse(body).success;
          if (expected) accepted += 1;
          if (isMessages(body) !== expected) assert.fail(JSON.stringify(body));
        }
      }
    }
  }
  assert(accepted > 10, `${accepted} bodies were accepted`);
});

test('isMessages: fields that it does not know change nothing', () => {
  const body = JSON.parse(
    '{"model":"m","messages":[1],"max_tokens":1,"__proto__":{"model":""},"constructor":1,"stream":null}',
  );
  assert(isMessages(body));
  assert(messagesBody.safeParse(body).success);
});
