/** docs/load.md says of each scenario and each kind of call what the code says, and the README shows what it prints. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CALL_KINDS } from '../calls/kinds.ts';
import { SCENARIO_NAMES, SCENARIOS } from './all.ts';
import { METRIC } from './metrics.ts';
import { findCommand } from './notable-calls.ts';
import { EXIT } from './run-verdict.ts';
import { countedPhases, lengthOf, secondsOf } from './scenario.ts';
import { summarize } from './summary.ts';
import { summaryText } from './summary-text.ts';
import { goodMetrics } from './testing-metrics.ts';
import { MINIMUM_CALLS, MINIMUM_TO_COMPARE } from './thresholds.ts';

const page = readFileSync(new URL('../../docs/load.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

for (const name of SCENARIO_NAMES) {
  test(`docs/load.md: ${name} has its question, and its own rate and duration`, () => {
    const scenario = SCENARIOS[name]({});
    const counted = countedPhases(scenario);
    const seconds = counted.reduce((sum, phase) => sum + secondsOf(phase), 0);
    const [, , question, rate, duration] = rows.find(([, first]) => first === `\`${name}\``) ?? [];
    assert.equal(question, scenario.question);
    assert.equal(rate, String(counted[0]?.fromPerSecond));
    // The jump of a spike takes a second more.
    assert(Math.abs(Number.parseInt(duration ?? '', 10) - seconds) <= 1, `${duration} ${seconds}`);
  });
}

test('docs/load.md: it says what each metric of the load means', () => {
  const names = rows.map(([, first]) => first).join(' ');
  for (const name of Object.values(METRIC)) assert(names.includes(`\`${name}\``), name);
});

test('docs/load.md: it has each kind of call, each exit code, and the least number of calls', () => {
  for (const kind of CALL_KINDS)
    assert(
      rows.some(([, first]) => first === `\`${kind}\``),
      kind,
    );
  for (const code of Object.values(EXIT)) assert(rows.some(([, first]) => first === `${code}`));
  assert(page.includes(`from ${MINIMUM_CALLS} calls on`));
  assert(page.includes(`fewer than ${MINIMUM_TO_COMPARE.toLocaleString('en-US')} calls`));
});

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** Where the lines before the summary come from. */
const programs = globSync('{,node-driver/}*.ts', { cwd: new URL('../', import.meta.url) })
  .map((file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
  .join('');

/** Everything but the numbers, the IDs and the widths of columns. */
const shapeOf = (line: string) =>
  line
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/(?<![\w<>=(P])[\d.]+/g, '#')
    .replace(/\s+/g, ' ');

/** What a run of smoke by the driver in Node prints below its progress. */
function printedBySmoke(): readonly string[] {
  const scenario = SCENARIOS.smoke({});
  const seconds = lengthOf(scenario);
  const run = { driver: 'node', scenario, target: '', startedMs: 0, seconds } as const;
  const summary = summarize({ ...run, metrics: goodMetrics(scenario) });
  const id = '2629e6c7-9646-4b00-853d-38436c7dea81';
  const call = {
    id,
    kind: 'complete',
    phase: 'smoke',
    durationMs: 142,
    trace: findCommand(id),
  } as const;
  const driverLoop = { busy: 0.05, lateP99Ms: 6.2 };
  const gapped = summary.phases.map((row) => ({ ...row, longestGapP99Ms: 27 }));
  return summaryText({ ...summary, phases: gapped, slowest: [call], driverLoop });
}

test('README.md: each line of the run that it shows is one that a run prints', () => {
  const [, block = ''] = /\$ make loadtest\n(.*?)```/s.exec(readme) ?? [];
  const shown = block.split('\n').filter((line) => line !== '' && line !== '…');
  const [intro, lines] = [shown.slice(0, 2), shown.slice(2, -1)];
  for (const line of intro) assert(programs.includes(`'${line}'`), line);
  const printed = new Set(printedBySmoke().map(shapeOf));
  assert(lines.length >= 8);
  for (const line of lines) assert(printed.has(shapeOf(line)), line);
  assert.match(shown.at(-1) ?? '', /^results: (loadtest\/results\/\S+-smoke)\.json, \1\.html$/);
});

test('no page and no command teaches to give a token as an argument, which the list of processes shows', () => {
  for (const file of [
    'README.md',
    'CHANGELOG.md',
    'Makefile',
    'docs/load.md',
    'docs/kubernetes-load.md',
    'loadtest/run.ts',
  ]) {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    const found = /(make [^\n`#]*|-e )\bTOKEN=/.exec(text)?.[0];
    assert.equal(found, undefined, file);
  }
});

test('README.md: it offers no option of the load that there is not', () => {
  for (const name of ['BASE_URL', 'CALLS', 'CONCURRENCY']) {
    assert(!new RegExp(`\`${name}[\`=]`).test(readme), name);
  }
});
