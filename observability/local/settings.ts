/** What the local stack is told: variables of the shell, and below them the project's `.env`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from './paths.ts';

type Settings = Readonly<Record<string, string | undefined>>;

/** What this command was given. */
export const shellSettings: Settings = process.env;

/** ENV_FILE names another file than `.env`; the tests name an empty one. */
function readFileSettings(): Settings {
  try {
    return parseEnv(readFileSync(process.env['ENV_FILE'] || join(ROOT, '.env'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** What only the file sets. A variable that the shell sets to nothing is set: so a key is kept out. */
export const fileSettings: Settings = Object.fromEntries(
  Object.entries(readFileSettings()).filter(([name]) => shellSettings[name] === undefined),
);

/** Both, without the key: what a part gets that does not call Claude. */
export function settingsWithoutKey(): Record<string, string> {
  const given = (settings: Settings) =>
    Object.entries(settings).filter((e): e is [string, string] => Boolean(e[1]));
  const all = Object.fromEntries([...given(fileSettings), ...given(shellSettings)]);
  delete all['CLAUDE_API_KEY'];
  return all;
}

/** The key of the real API, if there is one. */
export function apiKey(): string | undefined {
  return shellSettings['CLAUDE_API_KEY'] || fileSettings['CLAUDE_API_KEY'] || undefined;
}
