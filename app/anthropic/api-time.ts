/** Reads the times that the API states, which are those of RFC 3339. */

/** With its seconds and its zone: without a zone a time would be one of this machine's. */
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * `Date.parse` takes far more: it reads "1" as a year, and 30 February as a day of March.
 * @returns milliseconds since the epoch; NaN for anything else
 */
export function timeOf(text = ''): number {
  const [, year, month, day] = RFC_3339.exec(text) ?? [];
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return midnight.getUTCDate() === Number(day) ? Date.parse(text) : Number.NaN;
}
