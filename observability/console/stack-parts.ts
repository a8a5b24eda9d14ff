/** Which parts of the stack are there, and where a reader opens them. */
import type { Parts } from './ask.ts';
import { PART_NAMES } from './options.ts';
import { PART_WORDS } from './refusal.ts';

const TIMEOUT_MS = 2_000;

async function isThere(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })).ok;
  } catch {
    return false;
  }
}

/** @returns each part that this stack can have */
export function partsData(parts: Parts) {
  const known = PART_NAMES.flatMap((name) => {
    const part = parts[name];
    return part ? [{ name, part }] : [];
  });
  return Promise.all(
    known.map(async ({ name, part: { asked, opened, healthPath } }) => ({
      ...{ name, words: PART_WORDS[name], url: opened },
      isThere: await isThere(`${asked}${healthPath}`),
    })),
  );
}
