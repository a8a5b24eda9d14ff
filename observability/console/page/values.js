/** Draws values as they are now: as large numbers, and as a table. */
import { h, link, renew, table } from './dom.js';
import { format, tone } from './format.js';
import { instantsOf } from './series.js';

/** Grafana's names of colours, as far as our dashboards use them. @param {string | undefined} name */
function toneClass(name) {
  const [, plain] = /(green|orange|yellow|red)$/.exec(name ?? '') ?? [];
  return plain ? ` tone-${plain === 'yellow' ? 'orange' : plain}` : '';
}

/** @param {any} mapping @param {number} value */
function wordsOf({ type, options }, value) {
  if (type !== 'range') return options[String(value)];
  const { from, to, result } = options;
  return value >= (from ?? -Infinity) && value <= (to ?? Infinity) ? result : undefined;
}

/** @param {any} panel @param {number} value */
function mapped({ fieldConfig }, value) {
  const { unit, decimals, thresholds, mappings = [] } = fieldConfig?.defaults ?? {};
  const found = mappings.map((/** @type {any} */ each) => wordsOf(each, value)).find(Boolean);
  return {
    text: found?.text ?? format(value, unit, decimals),
    color: found?.color ?? tone(value, thresholds),
  };
}

/**
 * @param {HTMLElement} host shows nothing else afterwards
 * @param {any} panel
 * @param {any} data
 * @returns {boolean} whether there is a value
 */
export function drawStat(host, panel, data) {
  const all = instantsOf(panel, data).filter(({ value }) => !Number.isNaN(value));
  const isFilled = panel.options?.colorMode === 'background';
  const cards = all.map(({ name, value }) => {
    const { text, color } = mapped(panel, value);
    const isNamed = all.length > 1 && name;
    return h(
      'div',
      { class: `stat${isFilled ? ' filled' : ''}${toneClass(color)}` },
      isNamed && h('span', {}, name),
      h('b', {}, text),
    );
  });
  renew(host, h('div', { class: 'stats' }, ...cards));
  return all.length > 0;
}

/** The columns of a table: those that its transformation keeps, in its order and by its names. @param {any} panel @param {any[]} rows */
function columnsOf({ transformations = [] }, rows) {
  const organize = transformations.find(
    (/** @type {any} */ each) => each.id === 'organize',
  )?.options;
  const labels = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].filter(
    (name) => name !== '__name__',
  );
  const { includeByName = {}, indexByName = {}, renameByName = {} } = organize ?? {};
  const kept = organize ? Object.keys(includeByName) : [...labels, 'Value'];
  return kept
    .toSorted((a, b) => (indexByName[a] ?? 99) - (indexByName[b] ?? 99))
    .map((key) => ({ key, title: renameByName[key] ?? key }));
}

/** Whether a column of the panel leads to a runbook. @param {any} panel @param {string} key */
function isRunbook({ fieldConfig }, key) {
  const overrides = (fieldConfig?.overrides ?? []).filter(
    (/** @type {any} */ each) => each.matcher?.options === key,
  );
  return overrides.some((/** @type {any} */ each) =>
    JSON.stringify(each.properties).includes('runbooks'),
  );
}

/**
 * @param {HTMLElement} host shows nothing else afterwards
 * @param {any} panel
 * @param {any} data
 * @returns {boolean} whether there is a row
 */
export function drawTable(host, panel, data) {
  const rows = instantsOf(panel, data);
  const columns = columnsOf(panel, rows);
  const cell = (/** @type {any} */ { metric, value }, /** @type {string} */ key) => {
    if (key === 'Value') return format(value, panel.fieldConfig?.defaults?.unit);
    const text = metric[key] ?? '';
    return text && isRunbook(panel, key)
      ? link(`/runbooks/${encodeURIComponent(text)}.md`, text)
      : text;
  };
  const titles = columns.map(({ title }) => title);
  const cells = rows.map((row) => columns.map(({ key }) => cell(row, key)));
  renew(host, table(panel.title, titles, cells));
  return rows.length > 0;
}
