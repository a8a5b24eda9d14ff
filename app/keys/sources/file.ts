/** Keys from a file, as Kubernetes, Docker and systemd mount secrets; it is watched for changes. */
import { constants, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SourceFailure } from '../../telemetry/vocabulary.ts';
import { type KeySet, type KeySource, keysFromText, SourceError } from './source.ts';

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
  let reading: Promise<KeySet> | undefined;
  return {
    name,
    // One read at a time: one that hangs, on a dead network drive say, occupies a thread of Node's few.
    read() {
      reading ??= readKeys(path, name).finally(() => {
        reading = undefined;
      });
      return reading;
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

async function readKeys(path: string, name: string): Promise<KeySet> {
  return { current: keysFromText(await readText(path, name), name) };
}

/** Without O_NONBLOCK, opening a FIFO waits for somebody who writes to it, for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

async function readText(path: string, name: string): Promise<string> {
  try {
    await using file = await open(path, FLAGS);
    if (!(await file.stat()).isFile()) {
      throw new SourceError('malformed', `${name}: is not a regular file`);
    }
    return await readUpTo(file, MAX_BYTES, name);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const code = String((error as NodeJS.ErrnoException).code);
    throw new SourceError(FAILURES[code] ?? 'unreachable', `${name}: cannot be read (${code})`);
  }
}

/** Reads what is there now: the size of a file, as it was a moment ago, bounds nothing. */
async function readUpTo(file: FileHandle, maxBytes: number, name: string): Promise<string> {
  const bytes = Buffer.alloc(maxBytes + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.toString('utf8', 0, length);
    length += bytesRead;
  }
  throw new SourceError('malformed', `${name}: is larger than 64 KiB`);
}
