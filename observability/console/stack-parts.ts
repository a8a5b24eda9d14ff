/** Which parts of the stack are there, and where a reader opens them. */
import type { Parts } from './ask.ts';
import { PART_NAMES } from './options.ts';
import { PART_WORDS } from './refusal.ts';

const TIMEOUT_MS = 2_000;

async function isThere(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { ok, body } = await fetch(url, { redirect: 'manual', signal });
    // A connection is held until its answer has been read or given up.
    await body?.cancel();
    return ok;
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
    known.map(async ({ name, part: { asked, opened, healthPath, pagePath } }) => ({
      ...{ name, words: PART_WORDS[name], url: opened, page: `${opened}${pagePath}` },
      isThere: await isThere(`${asked}${healthPath}`),
    })),
  );
}
