/**
 * Writes lines to standard output or standard error so that neither a reader nor a disk can end the process
 * or fill its memory: a line that cannot be written is dropped and counted.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import type { LogSink } from './logger.ts';
import type { LogDrop } from './vocabulary.ts';

/** What may wait for a slow reader, in characters: about ten seconds of lines at full load. */
const MAX_WAITING = 4 * 1024 * 1024;

/** A destination of lines, each with its newline. */
export interface LogOutput extends LogSink {
  /** Resolves when every line has been written or dropped; never rejects. */
  flush(): Promise<void>;
}

/** Called for each line that is lost. */
export type OnDrop = (reason: LogDrop) => void;

/** @param stream `process.stdout` or `process.stderr` */
export function outputTo(
  stream: Writable & { readonly fd: number },
  onDrop: OnDrop = () => {},
): LogOutput {
  const { fd } = stream;
  const hasReader = isatty(fd) || fstatSync(fd).isFIFO() || fstatSync(fd).isSocket();
  return hasReader ? outputToReader(stream, onDrop) : outputToFile(fd, onDrop);
}

/**
 * A pipe's reader may stop reading or go away. Node writes as much as the pipe takes at once, and keeps the
 * rest; there is no limit to that but this one.
 */
export function outputToReader(stream: Writable, onDrop: OnDrop): LogOutput {
  const onWritten = (error?: Error | null) => {
    if (error) onDrop('write_failed');
  };
  // Without a listener the process would end. Each write is told of its own failure.
  stream.on('error', () => {});
  return {
    write(line) {
      if (stream.writableLength + line.length > MAX_WAITING) onDrop('queue_full');
      else stream.write(line, onWritten);
    },
    flush: () =>
      new Promise((resolve) => {
        if (stream.writableLength === 0) resolve();
        else stream.write('', () => resolve());
      }),
  };
}

/**
 * A disk may be full, and have room again later. Node's own stream would pass over what the disk did not
 * take of a line, and glue the next line to the part that it took.
 */
export function outputToFile(fd: number, onDrop: OnDrop): LogOutput {
  let isLineBroken = false;
  return {
    write(line) {
      const bytes = Buffer.from(isLineBroken ? `\n${line}` : line);
      let written = 0;
      try {
        while (written < bytes.length) written += writeSync(fd, bytes, written);
        isLineBroken = false;
      } catch {
        if (written > 0) isLineBroken = true;
        onDrop('write_failed');
      }
    },
    flush: async () => {},
  };
}
