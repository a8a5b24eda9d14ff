/** Keys from a file, as Kubernetes, Docker and systemd mount secrets; it is watched for changes. */
import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SourceFailure } from '../../telemetry/vocabulary.ts';
import { type KeySource, keysFromText, SourceError } from './source.ts';

/** Room for as many keys as a source may hold. */
const MAX_BYTES = 64 * 1024;

/** One change causes several events, and other files in the folder cause more: wait for them to settle. */
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
        const changedSoon = () => {
          timer ??= setTimeout(() => {
            timer = undefined;
            changed();
          }, SETTLE_MS).unref();
        };
        // Watch the folder, not the file: a mounted secret changes by replacing a symbolic link.
        const watcher = watch(dirname(path), { persistent: false }, changedSoon);
        watcher.on('error', () => watcher.close());
        return () => {
          clearTimeout(timer);
          watcher.close();
        };
      } catch {
        // A folder that cannot be watched is not an error: the file is still read at intervals.
        return () => {};
      }
    },
  };
}

async function readText(path: string, name: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new SourceError('malformed', `${name}: is larger than 64 KiB`);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const code = String((error as NodeJS.ErrnoException).code);
    throw new SourceError(FAILURES[code] ?? 'unreachable', `${name}: cannot be read (${code})`);
  }
}
