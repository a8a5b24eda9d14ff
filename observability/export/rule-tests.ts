/**
 * The promtool cases of an export. They are written by hand for the profile `documented`; those that hold for
 * another profile too come along, with its links and limits.
 */
import { stringify } from 'yaml';
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import { prometheusName } from '../generate/prometheus-names.ts';
import { HISTOGRAMS } from '../generate/rules/events.ts';
import { ruleFiles } from '../generate/rules/files.ts';
import {
  type AlertCheck,
  loadedBy,
  readTestFiles,
  type TestCase,
  type TestFile,
} from '../prometheus/check/rule-files.ts';
import { OBJECTIVE_NAMES, type ObjectiveName, type Profile, slo } from '../slo.ts';
import { forJob } from './for-job.ts';
import type { ExportedFile } from './kubernetes.ts';
import type { ExportOptions } from './options.ts';

const DOCUMENTED: Profile = slo.profiles.documented;

/** The metric that each objective counts. */
const COUNTED = {
  availability: METRICS.requests,
  ...HISTOGRAMS,
} as const satisfies Record<ObjectiveName, { readonly name: string }>;

const speaksOf = (text: string, name: ObjectiveName) =>
  [`"objective":"${name}"`, `:claude_${name}:`, prometheusName(COUNTED[name].name)].some((part) =>
    text.includes(part),
  );

/** Whether what is expected was reckoned for the same objective, or for none. */
function holdsFor(profile: Profile, test: TestCase, aboutObjectives: boolean): boolean {
  const text = JSON.stringify(test);
  return OBJECTIVE_NAMES.every((name) => {
    const [documented, target] = [DOCUMENTED.objectives[name], profile.objectives[name]];
    if (!target) return !text.includes(`:claude_${name}:`);
    const isSameShare = target.goodRatio === documented?.goodRatio;
    if (aboutObjectives && !isSameShare) return !speaksOf(text, name);
    const readsBuckets = text.includes(`"series":"${prometheusName(COUNTED[name].name)}_bucket`);
    return target.limitMs === documented?.limitMs || !(aboutObjectives && readsBuckets);
  });
}

/** The limit of the case's objective in the profile's figures. */
function inLimitsOf(profile: Profile, test: TestCase): TestCase {
  const text = JSON.stringify(test);
  const [, objective] = /"objective":"(\w+)"/.exec(text) ?? [];
  const from = DOCUMENTED.objectives[objective as ObjectiveName]?.limitMs;
  const to = profile.objectives[objective as ObjectiveName]?.limitMs;
  return from === to ? test : JSON.parse(text.replaceAll(`${from} ms`, `${to} ms`));
}

const ABOUT_OBJECTIVES = ['recording.yml', 'objectives.yml', 'documented.yml'];

/** What the cases call the job of the programs around the service. */
const STACK = 'stack';
const isAboutStack = ({ exp_alerts = [] }: AlertCheck) =>
  exp_alerts.some(({ exp_labels }) => exp_labels?.['job'] === STACK);

/**
 * The checks of alerts that are there: without a budget in dollars none speaks of one, and where other jobs are watched
 * none of that job of ours.
 */
function ofKnownAlerts(test: TestCase, alerts: ReadonlySet<string>): TestCase[] {
  const { alert_rule_test, promql_expr_test = [] } = test;
  const checks = alert_rule_test
    ?.filter(({ alertname }) => alerts.has(alertname))
    .filter((check) => new RegExp(`^(?:${slo.jobs.stack})$`).test(STACK) || !isAboutStack(check));
  if (checks?.length === 0 && promql_expr_test.length === 0) return [];
  return [{ ...test, ...(checks && { alert_rule_test: checks }) }];
}

function testFile(file: TestFile, profile: Profile, alerts: ReadonlySet<string>): TestFile {
  const aboutObjectives = loadedBy(file).some((rule) => ABOUT_OBJECTIVES.includes(rule));
  const tests = file.tests
    .filter((test) => holdsFor(profile, test, aboutObjectives))
    .flatMap((test) => ofKnownAlerts(test, alerts));
  return { ...file, tests: tests.map((test) => inLimitsOf(profile, test)) };
}

/** @returns the test files that hold for a profile, by their names */
export function casesFor(profile: Profile): Readonly<Record<string, string>> {
  const written = ruleFiles(profile);
  const rules = Object.keys(written);
  const alerts = new Set(
    [
      ...Object.values(written)
        .join('\n')
        .matchAll(/- alert: (\w+)/g),
    ].map(([, name = '']) => name),
  );
  const files = readTestFiles()
    .filter((file) => loadedBy(file).every((rule) => rules.includes(rule)))
    .map((file) => testFile(file, profile, alerts))
    .filter(({ tests }) => tests.length > 0);
  return Object.fromEntries(
    files.map(({ name, ...content }) => [
      name,
      stringify(content, { lineWidth: 0, aliasDuplicateObjects: false })
        .replaceAll(DOCUMENTED.urls.runbooks, profile.urls.runbooks)
        .replaceAll(DOCUMENTED.urls.dashboards, profile.urls.dashboards),
    ]),
  );
}

/** @returns the test files, in the folder beside that of the rules */
export function ruleTests({ profile, job }: ExportOptions): ExportedFile[] {
  return Object.entries(casesFor(slo.profiles[profile])).map(([name, text]) => ({
    path: `prometheus/tests/${name}`,
    text: forJob(text, job),
  }));
}
