/** Keys from a file, as Kubernetes, Docker and systemd mount secrets: read again when it changes. */
import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type KeySource, keysFromText, SourceError, type SourceFailure } from './source.ts';

/** Enough for every key that is allowed. */
const MAX_BYTES = 64 * 1024;

/** A change comes as several events, and others write in the same folder. */
const SETTLE_MS = 50;

const FAILURES: Readonly<Record<string, SourceFailure>> = {
  ENOENT: 'not_found',
  EACCES: 'denied',
  EPERM: 'denied',
  EISDIR: 'malformed',
};

export function fileSource(path: string): KeySource {
  const name = `file:${path}`;
  return {
    name,
    async read() {
      return { current: keysFromText(await readText(path, name), name) };
    },
    watch(changed) {
      try {
        let timer: NodeJS.Timeout | undefined;
        const soon = () => {
          timer ??= setTimeout(() => {
            timer = undefined;
            changed();
          }, SETTLE_MS).unref();
        };
        // The folder, not the file: mounted secrets are links that are put in place of the old ones.
        const watcher = watch(dirname(path), { persistent: false }, soon);
        watcher.on('error', () => watcher.close());
        return () => {
          clearTimeout(timer);
          watcher.close();
        };
      } catch {
        return () => {};
      }
    },
  };
}

async function readText(path: string, name: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new SourceError('malformed', `${name}: is larger than a key file`);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const code = String((error as NodeJS.ErrnoException).code);
    throw new SourceError(FAILURES[code] ?? 'unreachable', `${name}: cannot be read (${code})`);
  }
}
