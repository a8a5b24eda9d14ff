/** Puts somebody else's job in the place of the local stack's, in rules and in their tests. */
import { slo } from '../slo.ts';

const { service } = slo.jobs;
/** As it stands in links, which are encoded. */
const ENCODED = encodeURIComponent(service);
/** The label `pack` has the same name and stays: routes go by it. */
const PACK = 'pack(?:: |=")';

/**
 * @param text a rule file, or its tests
 * @param job letters, digits and `-_./:` (options.ts), so that nothing in it ends a string
 * @returns the text in which matchers, expected labels and links name the job
 */
export function forJob(text: string, job: string): string {
  if (job === service) return text;
  // A dot in a regular expression would match any character.
  const inPattern = job.replaceAll('.', '[.]');
  return text
    .replaceAll(`job=~"${service}|`, `job=~"${inPattern}|`)
    .replaceAll(`var-job=${ENCODED}`, `var-job=${encodeURIComponent(job)}`)
    .replaceAll(new RegExp(`(?<!${PACK})(?<![-\\w/])${service}(?![-\\w/])`, 'g'), job);
}
