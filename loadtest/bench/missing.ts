/** Which figures a run should have and has not. */
import type { Pair } from './pairs/pairs.ts';
import type { Result } from './result.ts';

type Run = Pick<Result, 'visits' | 'pairs' | 'subjects' | 'notMeasured'>;

const nameOf = (pair: Pair): string => pair.join(' and ');

/** Figures that are none, because something went wrong while they were taken. */
function invalidFigures({ visits, pairs }: Run): string[] {
  const ofVisits = visits.flatMap(({ subject, round, series, streams }) => {
    const place = `round ${round + 1}, ${subject}`;
    const answers = Object.entries(series)
      .filter(([, { invalid }]) => invalid !== '')
      .map(([name, { invalid }]) => `${place}, ${name}: ${invalid}`);
    const held = Object.entries(streams)
      .filter(([, { broken }]) => broken > 0)
      .map(([name, { broken }]) => `${place}, ${name}: ${broken} broken`);
    return [...answers, ...held];
  });
  const ofPairs = (pairs?.visits ?? []).flatMap(({ pair, round, figures }) =>
    figures
      .filter(({ invalid }) => invalid !== '')
      .map(({ invalid }) => `round ${round + 1}, ${nameOf(pair)}: ${invalid}`),
  );
  return [...ofVisits, ...ofPairs];
}

/** @returns a line for each, with the reason */
export function missingFigures(run: Run): string[] {
  const subjects = run.notMeasured.map(({ name, reason }) => `${name}: ${reason}`);
  const pairs = (run.pairs?.failed ?? []).map(({ pair, reason }) => `${nameOf(pair)}: ${reason}`);
  return [...invalidFigures(run), ...subjects, ...pairs];
}

/** A subject that could not be fetched has not failed: only one that was there to be measured can. */
export function hasFailed(run: Run): boolean {
  const names = run.subjects.map(({ name }) => name);
  const failed = run.notMeasured.some(({ name }) => names.includes(name));
  return failed || (run.pairs?.failed ?? []).length > 0 || invalidFigures(run).length > 0;
}
