/** Proves under load that a key whose limit for one family is used up is lost to no other, and no call fails. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { postJson } from '../../app/testing/http.ts';
import { closedLoop } from '../lib/load.ts';
import { type ServiceUnderTest, startServiceUnderTest } from '../lib/service-under-test.ts';

const CALLS = 6_000;
const CONCURRENCY = 40;
const [OPUS, HAIKU] = ['claude-opus-5-5', 'claude-haiku-5-5'];
const KEYS = ['blue-key-of-the-proof', 'green-key-of-the-proof'] as const;
const [BLUE, GREEN] = ['blu…oof', 'gre…oof'];

let subject: ServiceUnderTest;

before(async () => {
  const keys = JSON.stringify({ blue: KEYS[0], green: KEYS[1] });
  subject = await startServiceUnderTest(
    (url) => ({ CLAUDE_BASE_URL: url, CLAUDE_API_KEY: keys, RETRY_MAX: '0' }),
    { keys: KEYS },
  );
});
after(() => subject.stop());

/** Half of the calls are streamed, and half of them go to each family. */
async function call(n: number): Promise<boolean> {
  const stream = n % 2 === 0;
  const model = n % 4 < 2 ? OPUS : HAIKU;
  const messages = [{ role: 'user', content: 'Hello' }];
  const body = { model, stream, max_tokens: 16, messages };
  const { status, text } = await postJson(`${subject.service.url}/v1/messages`, body);
  return status === 200 && text.includes(stream ? 'event: message_stop' : '"stop_reason"');
}

test('6,000 calls while one family’s limit of one key is used up again and again: none fails', async (t) => {
  const { simulator } = subject;
  const usedUp = { kind: 'rate_limited', model: OPUS, key: KEYS[0], retryAfterS: 0.5 } as const;
  simulator.setFaults([usedUp]);
  const ends = await closedLoop({ calls: CALLS, concurrency: CONCURRENCY }, (n) => {
    // From here on it stays used up.
    if (n === CALLS / 2) simulator.setFaults([{ ...usedUp, retryAfterS: 600 }]);
    return call(n);
  });
  assert.equal(ends.filter((ok) => !ok).length, 0);

  const last = simulator.requests().filter(({ status }) => status === 200);
  const keysOf = (model: string) =>
    last.flatMap((one) => (one.model === model ? [one.headers['x-api-key']] : []));
  assert.deepEqual([...new Set(keysOf(OPUS))], [GREEN]);
  const haiku = keysOf(HAIKU);
  const share = haiku.filter((key) => key === BLUE).length / haiku.length;
  t.diagnostic(`${Math.round(100 * share)} % of the other family's calls go to the key`);
  assert(share > 0.35 && share < 0.65, `share ${share}`);

  const refused = simulator.seen() - CALLS;
  t.diagnostic(`${refused} attempts met the limit, and took the other key`);
  assert(refused > 0 && refused < CALLS / 6, `${refused} refused`);
});
