/** Turns what Prometheus answers into series of one time axis. */
import { seriesName } from './format.js';

/**
 * @typedef {{ name: string, metric: Record<string, string>, values: (number | null)[] }} Series
 * @typedef {{ refId: string, expr: string, error?: string, data?: { result: any[] } }} TargetData
 * @typedef {{ start: number, end: number, step: number, rateIntervalS: number, targets: TargetData[] }} PanelData
 */

/** @param {PanelData} data @returns {number[]} seconds since 1970 */
export function timesOf({ start, end, step }) {
  return Array.from({ length: Math.round((end - start) / step) + 1 }, (_, i) => start + i * step);
}

/** @param {any} panel @param {PanelData} data @returns {Series[]} */
export function seriesOf(panel, data) {
  const length = timesOf(data).length;
  return data.targets.flatMap((target) => {
    const legend = legendOf(panel, target.refId);
    return (target.data?.result ?? []).map(({ metric, values }) => {
      const row = /** @type {(number | null)[]} */ (Array(length).fill(null));
      for (const [time, text] of values ?? []) {
        const value = Number(text);
        if (Number.isFinite(value)) row[Math.round((time - data.start) / data.step)] = value;
      }
      return { name: seriesName(legend, metric), metric, values: row };
    });
  });
}

/** The values now, each with its name and labels. @param {any} panel @param {PanelData} data */
export function instantsOf(panel, data) {
  return data.targets.flatMap((target) =>
    (target.data?.result ?? []).map(({ metric, value }) => ({
      name: seriesName(legendOf(panel, target.refId), metric),
      /** @type {Record<string, string>} */
      metric,
      value: Number(value?.[1]),
    })),
  );
}

/** @param {any} panel @param {string} refId @returns {string} */
function legendOf(panel, refId) {
  const { legendFormat } =
    panel.targets.find((/** @type {any} */ each) => each.refId === refId) ?? {};
  return legendFormat === '__auto' ? '' : (legendFormat ?? '');
}

/** The value now, if it is not older than three steps. @param {readonly (number | null)[]} values */
export function nowOf(values) {
  return values.slice(-3).findLast((value) => value !== null) ?? undefined;
}
