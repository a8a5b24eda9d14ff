/** Writes what is made of the committed result: docs/performance.md, its chart, and the lines of the README. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../observability/local/paths.ts';
import { chart } from './chart.ts';
import { page } from './page.ts';
import { withOverhead } from './readme.ts';
import { type Result, readResult } from './result.ts';

/** The text of each file, by its path. */
export function pageFiles(result: Result): Readonly<Record<string, string>> {
  return {
    'docs/performance.md': page(result),
    'docs/performance.svg': chart(result),
    'README.md': withOverhead(readFileSync(join(ROOT, 'README.md'), 'utf8'), result),
  };
}

export function writePage(result: Result): void {
  for (const [path, text] of Object.entries(pageFiles(result))) {
    writeFileSync(join(ROOT, path), text);
  }
}

// After a change of the page's words the same figures are written again.
if (import.meta.main) writePage(readResult());
