/** Game days of keys and of the account behind them. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GameDay, KEYS, type Place } from '../game-day.ts';
import { burn, OUTAGE_PAGES, page, ticket } from './expectations.ts';
import { AFTER_AN_OUTAGE, injected, mayFire } from './injected.ts';

const allKeys = Object.values(KEYS);

/** An account that is refused carries no calls at all. */
const NO_CALLS = [
  ...AFTER_AN_OUTAGE,
  ...mayFire(
    'without the account no call succeeds',
    ...[...OUTAGE_PAGES, 'ClaudeKeyRejected', 'HighClaudeErrorRate'],
  ),
];

const rejected = (key: string) =>
  ticket('ClaudeKeyRejected', 14, {
    labels: { upstream: 'simulator', key },
    inRealTime: { cleared: 'a rejected key is tried again after half a minute' },
  });

const keyFile = ({ folder }: Pick<Place, 'folder'>) => join(folder, 'key');
const writeKey = (place: Pick<Place, 'folder'>) => writeFileSync(keyFile(place), KEYS.blue);

export const KEY_DAYS: readonly GameDay[] = [
  {
    name: 'key_rejected',
    fault: 'one of two keys is revoked',
    on: ({ simulator }) => simulator.setKeys([KEYS.green]),
    off: ({ simulator }) => simulator.setKeys(allKeys),
    expected: [rejected('blue')],
  },
  {
    name: 'keys_expired',
    fault: 'every key expires',
    on: ({ simulator }) => simulator.setKeys(['another-key']),
    off: ({ simulator }) => simulator.setKeys(allKeys),
    expected: [
      { ...rejected('blue'), inhibitedBy: OUTAGE_PAGES },
      { ...rejected('green'), inhibitedBy: OUTAGE_PAGES },
      burn('availability', 'Fast', 15),
      page('AllCallsFailing', 40),
    ],
    companions: NO_CALLS.filter(({ alert }) => !/KeyRejected|BurnFast|AllCalls/.test(alert)),
    clearS: 150,
  },
  {
    name: 'key_file_gone',
    fault: 'the file with the key is removed',
    settings(place) {
      writeKey(place);
      return { CLAUDE_KEYS: `file:${keyFile(place)}`, CLAUDE_API_KEY: '' };
    },
    on: (world) => rmSync(keyFile(world)),
    off: (world) => writeKey(world),
    expected: [ticket('ClaudeKeySourceFailing', 25)],
  },
  {
    name: 'account_on_hold',
    fault: 'the organisation is on hold',
    ...injected({ kind: 'error_code:organization_on_hold' }),
    expected: [
      page('ClaudeAccountOnHold', 10, { labels: { error_code: 'organization_on_hold' } }),
      burn('availability', 'Fast', 16),
    ],
    companions: NO_CALLS.filter(({ alert }) => !/AvailabilityBurnFast/.test(alert)),
  },
  {
    name: 'spend_limit',
    fault: 'the monthly spend limit is reached',
    ...injected({ kind: 'error_code:enforced_spend_limit_reached' }),
    expected: [
      page('ClaudeSpendLimitReached', 10, {
        labels: { error_code: 'enforced_spend_limit_reached' },
      }),
      burn('availability', 'Fast', 16),
    ],
    companions: NO_CALLS.filter(({ alert }) => !/AvailabilityBurnFast/.test(alert)),
  },
  {
    name: 'ramp_limit',
    fault: 'one request in twenty is refused because traffic grows too fast',
    ...injected({ kind: 'error_code:ramp_limit_exceeded', probability: 0.05 }),
    expected: [ticket('ClaudeRampLimitReached', 15)],
    companions: [
      ...mayFire('it counts errors a second, and a 429 is one', 'HighClaudeErrorRate'),
      ...mayFire('one call in twenty waits for its retry', 'ClaudeP99Latency'),
    ],
  },
];
