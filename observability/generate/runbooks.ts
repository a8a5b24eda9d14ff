/**
 * Writes into each runbook what its rule says and the game day that shows it, and the index of all of them. The rest of a
 * runbook is written by hand and has no number that could change with the rule.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GAME_DAYS } from '../../loadtest/gamedays/days/all.ts';
import { ROOT } from '../local/paths.ts';
import { documentedRule, type Objective, type Profile, slo } from '../slo.ts';
import type { Alert } from './rules/alert.ts';
import { budgetAlerts } from './rules/budget-alerts.ts';
import { burnAlerts } from './rules/burn-rates.ts';
import { CAUSES } from './rules/causes.ts';
import { p99Latency } from './rules/documented.ts';
import { lowTrafficAlerts } from './rules/low-traffic.ts';
import { MONITORING } from './rules/monitoring.ts';
import { percent } from './rules/wording.ts';

const FOLDER = 'observability/runbooks';
const POLICY = 'error-budget-policy';
const BEGIN = '<!-- Written by `make generate` from observability/slo.ts; do not edit. -->';
const END = '<!-- End of what is generated. -->';
const REPRODUCE = '## Reproduce it here\n';

/** The documented rule has no more than the article gives it; what its page and the index say besides stands here. */
const DOCUMENTED: Alert = {
  ...documentedRule,
  severity: 'info',
  because: 'it counts errors a second and not a share, so Alertmanager sends it to nobody',
  summary: documentedRule.annotations.summary,
  description:
    'Any upstream fails more attempts a second than this, whatever share of them that is',
  dashboard: 'claude-calls',
};

/** The alerts of a profile, in groups for the index. */
function alertsOf(profile: Profile): Readonly<Record<string, readonly Alert[]>> {
  const { latency } = slo.profiles.documented.objectives;
  return {
    Objectives: [...burnAlerts(profile), ...budgetAlerts(profile), ...lowTrafficAlerts(profile)],
    ...(profile === slo.profiles.documented && {
      'The documented profile': [DOCUMENTED, p99Latency(latency)],
    }),
    Causes: CAUSES,
    Monitoring: MONITORING,
  };
}

/** Alerts on the same objective at other speeds have the same page but for the rule. */
const sourceOf = (name: string) => name.replace(/Burn(?:Medium|Slow|Trickle)$/, 'BurnFast');

const sentence = (text: string) =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

function ruleOf({ severity, because, description, expr, for: time, keepFiringFor }: Alert): string {
  const held = time ? `It has to hold for ${time}.` : 'It fires at once.';
  const kept = keepFiringFor ? ` It fires for ${keepFiringFor} more once it no longer holds.` : '';
  return [
    `**${severity}**: ${sentence(because)}`,
    sentence(description),
    `\`\`\`promql\n${expr}\n\`\`\``,
    `${held}${kept}`,
  ].join('\n\n');
}

/** What the objectives allow in the window of the budget. */
function budgets({ objectives }: Profile): string {
  const rows = Object.entries(objectives).map(
    ([name, { goodRatio, limitMs }]: [string, Objective]) => [
      name,
      `${percent(goodRatio)}${limitMs === undefined ? '' : ` within ${limitMs} ms`}`,
      percent(1 - goodRatio),
    ],
  );
  return `The budget is what the objective leaves, over ${slo.budgetWindow}:

${table([['objective', 'good', 'may be bad'], ...rows])}`;
}

const expects = ({ expected }: (typeof GAME_DAYS)[number], name: string) =>
  expected.some(({ alert }) => alert === name);

const gameDayOf = (alert: string) =>
  GAME_DAYS.find((day) => expects(day, alert)) ??
  GAME_DAYS.find((day) => expects(day, sourceOf(alert)));

/** The command that lets an alert fire and clear, where a game day does; otherwise the section is written by hand. */
function reproduced(alert: string, text: string): string {
  const day = gameDayOf(alert);
  const [before, section] = text.split(REPRODUCE);
  if (!day || section === undefined) return text;
  const other = expects(day, alert) ? '' : ` It shows ${sourceOf(alert)}: this one takes days.`;
  return [
    `${before}${REPRODUCE}`,
    `\`\`\`sh\nmake gameday FAULT=${day.name}\n\`\`\`\n`,
    `${sentence(day.fault)} A stack of its own comes up, with the rules sped up, and the command shows when the alert
fires, who is told and when it clears ([game days](../../docs/gamedays.md)).${other}\n`,
    section.slice(section.indexOf('\n## ') + 1),
  ].join('\n');
}

/**
 * @param source the page whose words it has
 * @param written what is generated of it
 * @throws {Error} when there is no page, or it has no place for what is generated
 */
function page(title: string, source: string, written: string): string {
  const path = `${FOLDER}/${source}.md`;
  const text = readFileSync(join(ROOT, path), 'utf8');
  const [, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${path} has no place for what is generated`);
  return `# ${title}\n\n${BEGIN}\n\n${written}\n\n${END}${reproduced(title, after)}`;
}

function index(groups: Readonly<Record<string, readonly Alert[]>>): string {
  const sections = Object.entries(groups).map(([title, alerts]) => {
    const rows = byName(alerts).map(([name, [alert]]) => [
      `[${name}](${name}.md)`,
      alert?.severity ?? '',
      sentence(alert?.because ?? ''),
    ]);
    return `## ${title}\n\n${table([['alert', 'severity', 'because'], ...rows])}`;
  });
  return [
    '# Runbooks',
    'Each page says what one alert means and what to do about it; the alert’s `runbook_url` leads to it. `make generate` writes them from the rules.',
    `- **page**: somebody is woken, because users suffer now or nobody would see it if they did.
- **ticket**: somebody looks in working hours. A page for what users feel silences the tickets on its causes.
- **info**: nobody is told; it explains other alerts.`,
    'What a used-up budget means is in the [error budget policy](error-budget-policy.md).',
    ...sections,
  ]
    .join('\n\n')
    .concat('\n');
}

/** A table whose columns are aligned, as the formatter has them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const [head, ...body] = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [head ?? [], rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function byName(alerts: readonly Alert[]): [string, Alert[]][] {
  return Object.entries(Object.groupBy(alerts, ({ alert }) => alert)) as [string, Alert[]][];
}

/** @returns how to make each page, by its path */
export function runbookFiles(profile: Profile): Readonly<Record<string, () => string>> {
  const groups = alertsOf(profile);
  // Alerts of one name, which differ in a label, share a page.
  const pages = byName(Object.values(groups).flat()).map(([name, alerts]) => [
    `${FOLDER}/${name}.md`,
    () => page(name, sourceOf(name), alerts.map(ruleOf).join('\n\n')),
  ]);
  return {
    ...Object.fromEntries(pages),
    [`${FOLDER}/${POLICY}.md`]: () => page('Error budget policy', POLICY, budgets(profile)),
    [`${FOLDER}/README.md`]: () => index(groups),
  };
}
