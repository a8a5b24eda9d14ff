/** The load generator: wrk, which takes a tenth of the CPU time for a request that one in Node takes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { DEBIAN_DIR, findTool } from '../../observability/local/paths.ts';
import { endWithUs } from '../lib/children.ts';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
/** A slow gateway with 128 connections takes seconds for a call. */
const TIMEOUT_S = 30;

export interface Load {
  /** Of the subject, without a path. */
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** A file with the body of every request. */
  readonly bodyFile: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LoadFigures {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What went wrong, or ''. With errors a figure is none: a refusal is quicker than an answer. */
  readonly invalid: string;
}

/** @throws {Error} when the output has no such line */
export function parseWrk(output: string): LoadFigures {
  const line = /^bench (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk said: ${output.trim()}`);
  const { requests, durationUs, p50Us, p99Us, errors } = JSON.parse(line) as {
    readonly [name in 'requests' | 'durationUs' | 'p50Us' | 'p99Us']: number;
  } & { readonly errors: Readonly<Record<string, number>> };
  const wrong = Object.entries(errors)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} × ${kind}`);
  return {
    requests,
    perSecond: requests / (durationUs / 1e6),
    p50Ms: p50Us / 1_000,
    p99Ms: p99Us / 1_000,
    invalid: requests === 0 ? 'no answer at all' : wrong.join(', '),
  };
}

/** Keeps so many connections busy for so long. */
export async function runWrk(load: Load): Promise<LoadFigures> {
  const { url, connections, seconds, bodyFile, headers } = load;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, `--timeout=${TIMEOUT_S}s`];
  const child = spawn(findTool('wrk') ?? 'wrk', [...args, '-s', SCRIPT, `${url}/v1/messages`], {
    env: {
      // Where it was unpacked into the project, its libraries are there too.
      LD_LIBRARY_PATH: globSync(join(DEBIAN_DIR, 'usr/lib/*-linux-gnu')).join(':'),
      BENCH_BODY: bodyFile,
      BENCH_HEADERS: Object.entries(headers)
        .map((header) => header.join(': '))
        .join('\n'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  const [out, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return parseWrk(out + errors);
}
