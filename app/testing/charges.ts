/** For tests: what an attempt has used. */
import { type Charge, NO_USAGE, type Usage, type UsageReport } from '../anthropic/usage.ts';

/** @param usage what is not 0 */
export function aCharge(
  model: string,
  usage: Partial<Usage>,
  part: Partial<Omit<Charge, 'usage'>> = {},
): Charge {
  const terms = { isAdvisor: false, fast: false, batch: false, inUs: false, isFree: false };
  return { model, ...terms, ...part, usage: { ...NO_USAGE, ...usage } };
}

/** A report of these charges in which every field was a count. */
export function aReport(...charges: readonly Charge[]): UsageReport {
  return { charges, malformed: 0 };
}
