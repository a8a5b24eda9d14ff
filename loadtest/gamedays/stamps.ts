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

/** The definition of a day, as the formatter writes it. */
const DAY = /^ {2}\{\n {4}name: '(?<name>\w+)',\n.*?^ {2}\},?$/gms;

/** @param file defines days @returns it without the definitions of all days but one */
function onlyDay(file: string, name: string): string {
  return file.replace(DAY, (day, found: string) => (found === name ? day : ''));
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
    if (path.startsWith(`${DAYS}/`) && text.search(DAY) >= 0) days.push(text);
    else common.update(`${path}\0${text}\0`);
  }
  const shared = common.digest('hex');
  return (name) => {
    const own = days.find((text) => text.includes(`name: '${name}',`)) ?? '';
    return createHash('sha256')
      .update(`${shared} ${onlyDay(own, name)}`)
      .digest('hex');
  };
}
