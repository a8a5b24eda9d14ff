/** Writes values in their units, as Grafana names them in the dashboards. */

const SI = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];
const BYTES = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
];
const TIMES = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
];
const SUFFIXES = { reqps: 'req/s', cps: '/s', mps: 'msg/s', rps: '/s', d: 'd' };

/** @param {number} value @param {number} [decimals] */
function digits(value, decimals) {
  if (decimals !== undefined) return value.toFixed(decimals);
  if (value === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return String(Number(value.toFixed(Math.min(places, 6))));
}

/** @param {number} value @param {readonly (readonly [any, any])[]} steps @param {number} [decimals] */
function scaled(value, steps, decimals) {
  const [size, name] = steps.find(([least]) => Math.abs(value) >= least) ?? [1, ''];
  return `${digits(value / size, decimals)}${name && ` ${name}`}`;
}

/** @param {number} value seconds @param {number} [decimals] */
function duration(value, decimals) {
  if (value === 0) return '0 s';
  const steps = /** @type {[number, string][]} */ (TIMES);
  const [size, name] = steps.find(([least]) => Math.abs(value) >= least) ?? [1e-6, 'µs'];
  return `${digits(value / size, decimals)} ${name}`;
}

/**
 * @param {number} value
 * @param {string} [unit]
 * @param {number} [decimals]
 */
export function format(value, unit = 'none', decimals = undefined) {
  if (Number.isNaN(value)) return 'no value';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (unit === 'percentunit') return `${digits(value * 100, decimals)} %`;
  if (unit === 's') return duration(value, decimals);
  if (unit === 'currencyUSD') return `$ ${digits(value, decimals)}`;
  if (unit === 'bytes') return scaled(value, /** @type {any} */ (BYTES), decimals);
  const number =
    unit === 'none' ? digits(value, decimals) : scaled(value, /** @type {any} */ (SI), decimals);
  const suffix = SUFFIXES[/** @type {keyof typeof SUFFIXES} */ (unit)];
  return suffix ? `${number} ${suffix}` : number;
}

export const DAY_S = 86_400;

/** @param {number} seconds since 1970 */
export function clock(seconds) {
  // Without hours of 0 to 23 some languages write midnight as 24:00.
  return new Date(seconds * 1_000).toLocaleTimeString([], { hourCycle: 'h23' });
}

/** A time of day that may be of another day than today. @param {number} seconds since 1970 */
export function date(seconds) {
  const day = new Date(seconds * 1_000).toLocaleDateString([], { day: 'numeric', month: 'short' });
  return `${day} ${clock(seconds).slice(0, 5)}`;
}

/** How long ago, in whole units. @param {string} since RFC 3339 */
export function ago(since) {
  const seconds = Math.max(0, (Date.now() - Date.parse(since)) / 1_000);
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;
}

/**
 * The name of a series: the legend's text with its labels filled in, or all labels.
 * @param {string | undefined} legend
 * @param {Record<string, string>} metric
 */
export function seriesName(legend, metric) {
  if (legend)
    return legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? '').trim();
  const { __name__ = '', ...labels } = metric;
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return [__name__, ...pairs].filter(Boolean).join(' ');
}

/**
 * The colour of a value by a panel's thresholds.
 * @param {number} value
 * @param {{ steps?: { value: number | null, color: string }[] }} [thresholds]
 */
export function tone(value, thresholds) {
  const steps = thresholds?.steps ?? [];
  return steps.findLast((step) => step.value === null || value >= step.value)?.color;
}
