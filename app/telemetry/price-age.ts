/** Tells how old the price table is: prices change, and dollars of an old table look as good as any. */
import type { Instruments } from './instruments.ts';
import type { Logger } from './logger.ts';
import { PRICES_CHECKED_ON } from './prices.ts';

const DAY_MS = 86_400_000;
const MAX_AGE_MS = 90 * DAY_MS;

export interface PriceAgeDeps {
  readonly instruments: Pick<Instruments, 'priceTableAge'>;
  readonly logger: Pick<Logger, 'warn'>;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** Makes the gauge report the age, and warns now where it is over 90 days. Call it once. */
export function observePriceAge({ instruments, logger, wallClock }: PriceAgeDeps): void {
  const ageMs = () => Math.max(0, wallClock() - Date.parse(PRICES_CHECKED_ON));
  instruments.priceTableAge.addCallback((result) => result.observe(ageMs() / 1_000));
  if (ageMs() <= MAX_AGE_MS) return;
  logger.warn(
    { checked_on: PRICES_CHECKED_ON, age_days: Math.floor(ageMs() / DAY_MS) },
    'the price table is older than 90 days: what calls cost may be wrong (docs/cost.md)',
  );
}
