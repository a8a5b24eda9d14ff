/** The files that a run leaves: `<time>-<scenario>.json` and `.html` in loadtest/results, which is not committed. */
import { mkdirSync, writeFileSync } from 'node:fs';
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

/** Makes the folder. @param folder in place of loadtest/results @returns the files of a run that starts now */
export function resultFiles(scenario: string, folder = FOLDER): ResultFiles {
  mkdirSync(folder, { recursive: true });
  const path = resolve(folder);
  // To the millisecond, so that two runs do not share a file.
  const time = new Date().toISOString().slice(0, -1).replaceAll(/[:.]/g, '-');
  const name = `${time}-${scenario}`;
  return { folder: path, name, json: join(path, `${name}.json`), html: join(path, `${name}.html`) };
}

export function writeJson(summary: Summary, { json }: ResultFiles): void {
  writeFileSync(json, `${JSON.stringify(summary, undefined, 2)}\n`);
}

export function writeHtml(summary: Summary, { html }: ResultFiles): void {
  writeFileSync(html, htmlReport(summary));
}

/** @returns a line that says where they are, seen from where the command was typed */
export function placeLine({ json, html }: ResultFiles): string {
  return `results: ${relative('.', json)}, ${relative('.', html)}`;
}

/** @returns the summary of a run that for further reasons says nothing about the service */
export function inconclusive(summary: Summary, reasons: readonly string[]): Summary {
  if (reasons.length === 0) return summary;
  const bottlenecks = [...summary.bottlenecks, ...reasons];
  return { ...summary, verdict: 'inconclusive', bottlenecks };
}
