/** `make check-rules`: kills every mutant of the rules, or says which ones live. */
import { findTool } from '../../local/paths.ts';
import { judgeMutants, type Verdict } from './mutation.ts';
import { readRuleFiles, readTestFiles } from './rule-files.ts';
import { SURVIVORS } from './survivors.ts';

/** @returns a line for each mutant that lives without a reason, and each reason that nothing needs */
export function complaints(
  verdicts: readonly Verdict[],
  survivors: Readonly<Record<string, string>>,
): string[] {
  const living = new Set(verdicts.filter(({ killed }) => !killed).map(({ mutant }) => mutant));
  return [
    ...[...living]
      .filter((mutant) => survivors[mutant] === undefined)
      .map((mutant) => `no test kills ${mutant}`),
    ...Object.keys(survivors)
      .filter((mutant) => !living.has(mutant))
      .map((mutant) => `survivors.ts lists what is no survivor: ${mutant}`),
  ];
}

async function main(): Promise<number> {
  const promtool = findTool('promtool');
  if (!promtool) {
    process.stderr.write('check-rules: promtool is missing; `make tools` fetches it\n');
    return 1;
  }
  const verdicts = await judgeMutants(promtool, readRuleFiles(), readTestFiles());
  const problems = complaints(verdicts, SURVIVORS);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  const killed = verdicts.filter((verdict) => verdict.killed).length;
  const listed = Object.keys(SURVIVORS).length;
  process.stdout.write(
    `${verdicts.length} mutants: ${killed} killed, ${listed} listed with a reason, ${problems.length} problems\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
