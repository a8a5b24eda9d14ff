/** Writes an export into a folder, and takes away what an earlier one wrote there and this one does not. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { ExportedFile } from './kubernetes.ts';

/** The names of all files that an export wrote, a line each. By it the next one tells its own from other people's. */
export const LIST = 'FILES.txt';

/** @returns the files of an earlier export; undefined where there is none */
function earlierFiles(folder: string): readonly string[] | undefined {
  const list = join(folder, LIST);
  if (!existsSync(list)) return undefined;
  const isInside = (path: string) =>
    path !== '' && !isAbsolute(path) && !normalize(path).startsWith('..');
  return readFileSync(list, 'utf8').split('\n').filter(isInside);
}

/** @returns why nothing can be written there, in words, if so */
export function problemOf(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  if (!statSync(folder).isDirectory()) return `${folder} is no folder; choose another by OUT=…`;
  if (readdirSync(folder).length === 0 || earlierFiles(folder)) return undefined;
  return `${folder} is not empty and holds no earlier export; choose another by OUT=…`;
}

/** Files that nobody listed, such as an overlay or a `.git`, stay where they are. */
export function writeFolder(folder: string, files: readonly ExportedFile[]): void {
  const written = new Set(files.map(({ path }) => path));
  mkdirSync(folder, { recursive: true });
  // What an earlier export wrote and this one does not would go on alerting.
  for (const path of earlierFiles(folder) ?? []) {
    if (!written.has(path)) rmSync(join(folder, path), { force: true });
  }
  for (const { path, text } of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  writeFileSync(join(folder, LIST), [...written, ''].join('\n'));
}
