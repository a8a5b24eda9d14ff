/** The files that a run leaves: `<time>-<scenario>.json` and `.html` in loadtest/results, which is not committed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { htmlReport } from './html-report.ts';
import type { Summary } from './scenarios/summary.ts';

const FOLDER = fileURLToPath(new URL('results', import.meta.url));

export interface ResultFiles {
  readonly json: string;
  readonly html: string;
}

/** Makes the folder. @param folder in place of loadtest/results @returns where the files of a run that starts now go */
export function resultFiles(scenario: string, folder = FOLDER): ResultFiles {
  mkdirSync(folder, { recursive: true });
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const path = join(folder, `${time}-${scenario}`);
  return { json: `${path}.json`, html: `${path}.html` };
}

export function writeJson(summary: Summary, { json }: ResultFiles): void {
  writeFileSync(json, `${JSON.stringify(summary, undefined, 2)}\n`);
}

export function writeHtml(summary: Summary, { html }: ResultFiles): void {
  writeFileSync(html, htmlReport(summary));
}

/** @returns a line that says where they are, from where the command was typed */
export function placeLine({ json, html }: ResultFiles): string {
  return `results: ${relative('.', json)}, ${relative('.', html)}`;
}
