/**
 * Says of each game day what its result depends on, as one text to compare: everything in the working tree but words,
 * tests and the definitions of other days. Another service, rule, simulator or judge makes another result.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../observability/local/paths.ts';

const SOURCES = ['package-lock.json', '{app,loadtest,observability}/**/*.*'];
const DAYS = 'loadtest/gamedays/days';

/** Neither changes what happens on a game day. */
function isIrrelevant(path: string): boolean {
  return /\.md$|\.test\.ts(?:\.snapshot)?$|(?:^|\/)(?:node_modules|results)(?:\/|$)/.test(path);
}

/** Defines days, and is not something that several such files share. */
function definesDays(text: string): boolean {
  return /^ {4}name: '\w+',$/m.test(text);
}

/** @returns what stamps a day by its name; it has read everything now, as the run that begins has */
export function createStamps(root = ROOT): (name: string) => string {
  const common = createHash('sha256');
  const days: string[] = [];
  const paths = globSync(SOURCES, { cwd: root, exclude: isIrrelevant }).filter(
    (path) => !isIrrelevant(path),
  );
  for (const path of paths.toSorted()) {
    const text = readFileSync(join(root, path), 'latin1');
    if (path.startsWith(`${DAYS}/`) && definesDays(text)) days.push(text);
    else common.update(`${path}\0${text}\0`);
  }
  const shared = common.digest('hex');
  return (name) => {
    const own = days.find((text) => text.includes(`name: '${name}',`)) ?? '';
    return createHash('sha256').update(`${shared} ${own}`).digest('hex');
  };
}
