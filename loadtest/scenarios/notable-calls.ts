/** The slowest and the failed calls of a run, and where their traces are. */
import type { NotableCall, Summary } from './summary.ts';

const SLOWEST = 10;
const FAILED = 20;

/** Keeps the calls that stand out among those that it is told of. */
export class NotableCalls {
  #slowest: NotableCall[] = [];
  readonly #failed: NotableCall[] = [];

  /** @returns whether the call is, for now, one of those that are kept */
  add(call: NotableCall): boolean {
    return call.reason === undefined ? this.#addGood(call) : this.#addFailed(call);
  }

  #addFailed(call: NotableCall): boolean {
    if (this.#failed.length >= FAILED) return false;
    this.#failed.push(call);
    return true;
  }

  #addGood(call: NotableCall): boolean {
    const last = this.#slowest[SLOWEST - 1];
    if (last && last.durationMs >= call.durationMs) return false;
    this.#slowest = [...this.#slowest, call]
      .sort((a, b) => b.durationMs - a.durationMs)
      .slice(0, SLOWEST);
    return true;
  }

  /** @param traceOf where the trace of an ID is */
  addTo(summary: Summary, traceOf: (id: string) => string): Summary {
    const withTrace = (call: NotableCall) => ({ ...call, trace: traceOf(call.id) });
    return {
      ...summary,
      slowest: this.#slowest.map(withTrace),
      failed: this.#failed.map(withTrace),
    };
  }
}

/** @returns the command that finds a call in the local stack */
export function findCommand(id: string): string {
  return `make find ID=${id}`;
}

/** The beginning of the line by which k6 tells of a call that stands out. */
const MARK = 'claude_call ';

/** @returns the line of a call, for the console of k6, whose virtual users share no memory */
export function lineOf(call: NotableCall): string {
  return MARK + JSON.stringify(call);
}

/** @returns the call of a line of k6's console, however k6 has wrapped it; undefined for any other line */
export function callOfLine(line: string): NotableCall | undefined {
  const at = line.indexOf(MARK);
  if (at < 0) return undefined;
  const text = line.slice(at + MARK.length);
  // k6 writes console lines as `msg="…"`, with the quotes inside escaped, unless its log format is raw.
  const json = text.startsWith('{\\"') ? text.replaceAll('\\"', '"') : text;
  try {
    return JSON.parse(json.slice(0, json.indexOf('}') + 1)) as NotableCall;
  } catch {
    return undefined;
  }
}
