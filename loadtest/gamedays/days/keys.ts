/** Game days of keys and of the account behind them. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GameDay, KEYS, type Place } from '../game-day.ts';
import { ALL_FAIL, burns, OUTAGE_BURNS, OUTAGE_PAGES, page, ticket } from './expectations.ts';
import { AFTER_AN_OUTAGE, injected, mayFire, mayPage, without } from './injected.ts';

/** An account that is refused carries no calls at all. */
const NO_CALLS = [
  ...AFTER_AN_OUTAGE,
  ...mayPage(
    'without the account no call succeeds',
    'AllCallsFailing',
    ...burns('availability', 'Medium'),
  ),
  ...mayFire('without the account no call succeeds', 'ClaudeKeyRejected', 'HighClaudeErrorRate'),
];

/** It has to be rejected for most of five minutes, and the rule waits for two. */
const rejected = (key: string) =>
  ticket('ClaudeKeyRejected', {
    notBefore: 4,
    within: 8,
    clearsWithin: 80,
    labels: { upstream: 'simulator', key },
    inRealTime: { cleared: 'a rejected key is tried again after half a minute' },
  });

/** While every key is. */
const rejectedInAnOutage = (key: string) => ({
  ...rejected(key),
  inhibitedBy: OUTAGE_PAGES,
  silenced: 'by one' as const,
});

const keyFile = ({ folder }: Pick<Place, 'folder'>) => join(folder, 'key');
const writeKey = (place: Pick<Place, 'folder'>) => writeFileSync(keyFile(place), KEYS.blue);

/** The simulator accepts these keys alone. */
const accepting = (...keys: readonly string[]): Pick<GameDay, 'on'> => ({
  on({ simulator }) {
    simulator.setKeys(keys);
    return () => simulator.setKeys(Object.values(KEYS));
  },
});

/** One refusal is enough; the rule waits for a minute, and goes on for ten after the last. */
const AT_ONCE = { notBefore: 1, within: 4, clearsWithin: 28 };

export const KEY_DAYS: readonly GameDay[] = [
  {
    name: 'key_rejected',
    fault: 'one of two keys is revoked',
    ...accepting(KEYS.green),
    expected: [rejected('blue')],
  },
  {
    name: 'keys_expired',
    fault: 'every key expires',
    ...accepting('another-key'),
    expected: [rejectedInAnOutage('blue'), rejectedInAnOutage('green'), OUTAGE_BURNS, ALL_FAIL],
    companions: without(NO_CALLS, 'ClaudeKeyRejected', 'AllCallsFailing'),
  },
  {
    name: 'key_file_gone',
    fault: 'the file with the key is removed',
    settings(place) {
      writeKey(place);
      return { CLAUDE_KEYS: `file:${keyFile(place)}`, CLAUDE_API_KEY: '' };
    },
    on(world) {
      rmSync(keyFile(world));
      return () => writeKey(world);
    },
    expected: [ticket('ClaudeKeySourceFailing', { notBefore: 15, within: 21, clearsWithin: 4 })],
  },
  {
    name: 'account_on_hold',
    fault: 'the organisation is on hold',
    ...injected({ kind: 'error_code:organization_on_hold' }),
    expected: [
      page('ClaudeAccountOnHold', { ...AT_ONCE, labels: { error_code: 'organization_on_hold' } }),
      OUTAGE_BURNS,
    ],
    companions: NO_CALLS,
  },
  {
    name: 'spend_limit',
    fault: 'the monthly spend limit is reached',
    ...injected({ kind: 'error_code:enforced_spend_limit_reached' }),
    expected: [
      page('ClaudeSpendLimitReached', {
        ...AT_ONCE,
        labels: { error_code: 'enforced_spend_limit_reached' },
      }),
      OUTAGE_BURNS,
    ],
    companions: NO_CALLS,
  },
  {
    name: 'ramp_limit',
    fault: 'one request in twenty is refused because traffic grows too fast',
    ...injected({ kind: 'error_code:ramp_limit_exceeded', probability: 0.05 }),
    expected: [ticket('ClaudeRampLimitReached', { notBefore: 5, within: 10, clearsWithin: 28 })],
    companions: [
      ...mayFire('it counts errors a second, and a 429 is one', 'HighClaudeErrorRate'),
      // A key that is refused rests for a second, and only one call in a hundred may be slow.
      ...mayFire(
        'calls wait while every key rests, which chance makes often or not',
        'ClaudeP99Latency',
      ),
    ],
  },
];
