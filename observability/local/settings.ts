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

function allSettings(): Record<string, string> {
  const given = (settings: Settings) =>
    Object.entries(settings).filter((e): e is [string, string] => Boolean(e[1]));
  return Object.fromEntries([...given(fileSettings), ...given(shellSettings)]);
}

/** Variables that hold secrets by themselves. */
const SECRETS = [
  'CLAUDE_API_KEY',
  'VAULT_TOKEN',
  'VAULT_SECRET_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'REDIS_URL',
];
/** Those that name others: `env:NAME`. */
const SOURCES = ['CLAUDE_KEYS', 'CLAUDE_SIGNING', 'CLAUDE_UPSTREAMS', 'CALLERS'];

function isKey(name: string, all: Settings): boolean {
  const sources = SOURCES.map((source) => all[source] ?? '').join(' ');
  const named = [...sources.matchAll(/\benv:(\w+)/g)].map(([, variable]) => variable);
  return SECRETS.includes(name) || named.includes(name);
}

/** What a part gets that does not call Claude. */
export function settingsWithoutKeys(): Record<string, string> {
  const all = allSettings();
  return Object.fromEntries(Object.entries(all).filter(([name]) => !isKey(name, all)));
}

/** What the service gets besides. */
export function keys(): Record<string, string> {
  const all = allSettings();
  return Object.fromEntries(Object.entries(all).filter(([name]) => isKey(name, all)));
}

/** Whether calls are to go elsewhere than to the simulator: a key of the real API, or upstreams. */
export function hasUpstream(): boolean {
  const { CLAUDE_API_KEY, CLAUDE_KEYS, CLAUDE_UPSTREAMS } = allSettings();
  return [CLAUDE_API_KEY, CLAUDE_KEYS, CLAUDE_UPSTREAMS].some((value) => value !== undefined);
}
