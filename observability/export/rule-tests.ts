/**
 * The promtool cases of an export. They are written by hand for the profile `documented`; those that hold for
 * another profile too come along, with its links and limits.
 */
import { stringify } from 'yaml';
import { prometheusName } from '../generate/prometheus-names.ts';
import { HISTOGRAMS } from '../generate/rules/events.ts';
import { ruleFiles } from '../generate/rules/files.ts';
import {
  loadedBy,
  readTestFiles,
  type TestCase,
  type TestFile,
} from '../prometheus/check/rule-files.ts';
import { type ObjectiveName, type Profile, slo } from '../slo.ts';
import { forJob } from './for-job.ts';
import type { ExportedFile } from './kubernetes.ts';
import type { ExportOptions } from './options.ts';

const DOCUMENTED: Profile = slo.profiles.documented;

/** The objectives with a limit, by the names of their histograms. */
const LIMITED = Object.entries(HISTOGRAMS).map(
  ([objective, { name }]) => [objective as keyof typeof HISTOGRAMS, prometheusName(name)] as const,
);

/** Whether the case is about something that the profile has, and that recordings read from the same buckets. */
function holdsFor(
  profile: Profile,
  { input_series = [], ...rest }: TestCase,
  readsRecordings: boolean,
): boolean {
  const text = JSON.stringify({ input_series, ...rest });
  return LIMITED.every(([objective, histogram]) => {
    const target = profile.objectives[objective];
    const readsBuckets =
      readsRecordings &&
      input_series.some(({ series }) => series.startsWith(`${histogram}_bucket`));
    if (target?.limitMs === DOCUMENTED.objectives[objective]?.limitMs) return true;
    if (readsBuckets) return false;
    return target !== undefined || !text.includes(`job:claude_${objective}:`);
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

function testFile(file: TestFile, profile: Profile): TestFile {
  const readsRecordings = loadedBy(file).includes('recording.yml');
  const tests = file.tests.filter((test) => holdsFor(profile, test, readsRecordings));
  return { ...file, tests: tests.map((test) => inLimitsOf(profile, test)) };
}

/** @returns the test files, in the folder beside that of the rules */
export function ruleTests({ profile: name, job }: ExportOptions): ExportedFile[] {
  const profile: Profile = slo.profiles[name];
  const rules = Object.keys(ruleFiles(profile));
  const files = readTestFiles()
    .filter((file) => loadedBy(file).every((rule) => rules.includes(rule)))
    .map((file) => testFile(file, profile))
    .filter(({ tests }) => tests.length > 0);
  return files.map(({ name: path, ...content }) => {
    const text = stringify(content, { lineWidth: 0, aliasDuplicateObjects: false })
      .replaceAll(DOCUMENTED.urls.runbooks, profile.urls.runbooks)
      .replaceAll(DOCUMENTED.urls.dashboards, profile.urls.dashboards);
    return { path: `prometheus/tests/${path}`, text: forJob(text, job) };
  });
}
