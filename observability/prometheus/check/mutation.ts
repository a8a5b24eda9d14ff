/** Runs the tests of the rules against every mutant; each has to fail one. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nameOf, type Trial, trialsOf } from './dependents.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { type Rule, type RuleFile, rulesOf, type TestFile } from './rule-files.ts';

const run = promisify(execFile);

/** What became of a mutant. */
export interface Verdict {
  /** `<rule>: <what is wrong>` */
  readonly mutant: string;
  readonly killed: boolean;
}

/** Runs one promtool over trials in a folder of its own. @returns whether all tests pass */
async function pass(promtool: string, trials: readonly Trial[]): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'observatory-rules-'));
  try {
    const files = trials.map(({ name, groups, ...test }) => {
      // JSON is YAML too, and faster to write.
      writeFileSync(join(folder, `${name}.rules.yml`), JSON.stringify({ groups }));
      writeFileSync(
        join(folder, name),
        JSON.stringify({ rule_files: [`${name}.rules.yml`], ...test }),
      );
      return join(folder, name);
    });
    await run(promtool, ['test', 'rules', ...files]);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 1) throw error;
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function withMutant(trials: readonly Trial[], original: Rule, mutant: Rule): Trial[] {
  return trials.map((trial) => ({
    ...trial,
    groups: trial.groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => (rule === original ? mutant : rule)),
    })),
  }));
}

/** Rules of one name are told apart by their objective. */
function titleOf(rule: Rule): string {
  const objective = rule.labels?.['objective'];
  return nameOf(rule) + (rule.alert && objective ? ` (${objective})` : '');
}

/**
 * @param promtool the program
 * @returns a verdict for each mutant of each rule
 * @throws {Error} when the tests fail without a mutant, or a rule has none
 */
export async function judgeMutants(
  promtool: string,
  files: readonly RuleFile[],
  tests: readonly TestFile[],
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const queue = files.flatMap(rulesOf);
  const judgeSome = async () => {
    for (let rule = queue.shift(); rule; rule = queue.shift()) {
      verdicts.push(...(await judge(promtool, rule, trialsOf(rule, files, tests))));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, judgeSome));
  return verdicts.toSorted((a, b) => a.mutant.localeCompare(b.mutant));
}

async function judge(promtool: string, rule: Rule, trials: readonly Trial[]): Promise<Verdict[]> {
  const title = titleOf(rule);
  if (trials.length > 0 && !(await pass(promtool, trials))) {
    throw new Error(`the tests of ${title} fail as it is`);
  }
  const verdicts: Verdict[] = [];
  for (const { what, rule: mutant } of mutantsOf(rule) satisfies Mutant[]) {
    const killed = trials.length > 0 && !(await pass(promtool, withMutant(trials, rule, mutant)));
    verdicts.push({ mutant: `${title}: ${what}`, killed });
  }
  return verdicts;
}
