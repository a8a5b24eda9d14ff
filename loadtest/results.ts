/** The files that a run leaves: `<time>-<scenario>.json` and `.html` in loadtest/results, which is not committed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { htmlReport } from './html-report.ts';
import type { Summary } from './scenarios/summary.ts';

const FOLDER = fileURLToPath(new URL('results', import.meta.url));

export interface ResultFiles {
  readonly folder: string;
  /** The names of both files, without what tells them apart. */
  readonly name: string;
  readonly json: string;
  readonly html: string;
}

/** Makes the folder; that it cannot be made is told when the files are written. @param folder in place of loadtest/results @returns the files of a run that starts now */
export function resultFiles(scenario: string, folder = FOLDER): ResultFiles {
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    // Without its files a run still has a verdict.
  }
  const path = resolve(folder);
  // To the millisecond, so that two runs do not share a file.
  const time = new Date().toISOString().slice(0, -1).replaceAll(/[:.]/g, '-');
  const name = `${time}-${scenario}`;
  return { folder: path, name, json: join(path, `${name}.json`), html: join(path, `${name}.html`) };
}

/**
 * Writes the summary, and the page where k6 has not made its own. It never throws: the run is over, and its verdict stands.
 * @returns lines that say where the files are, seen from where the command was typed, and which could not be written
 */
export function writeResults(summary: Summary, { json, html }: ResultFiles): readonly string[] {
  const problems: string[] = [];
  const write = (file: string, text: string) => {
    try {
      writeFileSync(file, text);
    } catch (error) {
      problems.push(`loadtest: not written: ${(error as Error).message}`);
    }
  };
  write(json, `${JSON.stringify(summary, undefined, 2)}\n`);
  if (summary.driver === 'node') write(html, htmlReport(summary));
  const places = [json, html].filter((file) => existsSync(file)).map((file) => relative('.', file));
  return [...(places.length > 0 ? [`results: ${places.join(', ')}`] : []), ...problems];
}

/** @returns the summary of a run that for further reasons says nothing about the service */
export function inconclusive(summary: Summary, reasons: readonly string[]): Summary {
  if (reasons.length === 0) return summary;
  const bottlenecks = [...summary.bottlenecks, ...reasons];
  return { ...summary, verdict: 'inconclusive', bottlenecks };
}

/** @returns the summary of a run that had not come to all that it was to do, which is then no miss */
export function endedEarly(summary: Summary, reason: string): Summary {
  const { breakpoint } = summary;
  const thresholds = summary.thresholds.map((threshold) => {
    const { condition, value, ok } = threshold;
    const isUnmet = ok === false && (value === null || /^count[>=]=/.test(condition));
    // There is nothing that only k6 can measure.
    const isOpen = isUnmet || (ok === null && summary.driver === 'node');
    return isOpen ? { ...threshold, ok: null, notReached: true as const } : threshold;
  });
  // A step that was not reached is none that the service has missed.
  const found = breakpoint && { ...breakpoint, isLowerBound: true };
  return inconclusive({ ...summary, thresholds, breakpoint: found }, [reason]);
}
