/**
 * Writes lines to standard output or standard error so that neither a reader nor a disk can end the process
 * or fill its memory: a line that cannot be written is dropped and counted.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import type { LogSink } from './log-sink.ts';
import type { LogDrop } from './vocabulary.ts';

/** What may wait for a slow reader, in characters: about ten seconds of lines at full load. */
const MAX_WAITING = 4 * 1024 * 1024;

/** What is gathered before the turn ends, in characters: as much as a pipe takes at once. */
const MAX_GATHERED = 64 * 1024;

const NEWLINE = 0x0a;

/** A destination of lines, of which several may come in one text; each has its newline. */
export interface LogOutput extends LogSink {
  /** Resolves when every line has been written or dropped; never rejects. */
  flush(): Promise<void>;
}

export interface GatheredOutput extends LogOutput {
  /** Passes on at once what was gathered. */
  flushSync(): void;
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
 * Gathers the lines of one turn of the event loop, and writes them at its end as one text. Whoever ends the process
 * within a turn has to call `flushSync` first; nobody can when the kernel ends it (SIGKILL, or no memory is left).
 */
export function gathered(output: LogOutput): GatheredOutput {
  let lines = '';
  let isScheduled = false;
  const pass = () => {
    const text = lines;
    lines = '';
    if (text !== '') output.write(text);
  };
  const passAtEnd = () => {
    isScheduled = false;
    pass();
  };
  return {
    write(line) {
      lines += line;
      if (lines.length >= MAX_GATHERED) pass();
      else if (!isScheduled) {
        isScheduled = true;
        setImmediate(passAtEnd);
      }
    },
    flushSync: pass,
    flush() {
      pass();
      return output.flush();
    },
  };
}

/**
 * A pipe's reader may stop reading or go away. Node writes as much as the pipe takes at once, and keeps the
 * rest; there is no limit to that but this one.
 */
export function outputToReader(stream: Writable, onDrop: OnDrop): LogOutput {
  // Without a listener the process would end. Each write is told of its own failure.
  stream.on('error', () => {});
  return {
    write(text) {
      if (stream.writableLength + text.length > MAX_WAITING) dropAll(text, 'queue_full', onDrop);
      else
        stream.write(text, (error) => {
          if (error) dropAll(text, 'write_failed', onDrop);
        });
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
    write(text) {
      const mend = isLineBroken ? '\n' : '';
      const bytes = Buffer.from(mend + text);
      let written = 0;
      try {
        while (written < bytes.length) written += writeSync(fd, bytes, written);
        isLineBroken = false;
      } catch {
        if (written > 0) isLineBroken = bytes[written - 1] !== NEWLINE;
        dropAll(bytes.toString('latin1', Math.max(written, mend.length)), 'write_failed', onDrop);
      }
    },
    flush: async () => {},
  };
}

function dropAll(lines: string, reason: LogDrop, onDrop: OnDrop): void {
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) onDrop(reason);
}
