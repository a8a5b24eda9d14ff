/** What the console says in plain words instead of an answer. */
import type { Part, PartName } from './options.ts';

/** Ends a request with this status and this sentence for a reader, and perhaps what they can do. */
export class Refusal extends Error {
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, sentence: string, hint?: string) {
    super(sentence);
    this.status = status;
    this.hint = hint;
  }
}

/** What each part is, in the middle of a sentence. */
export const PART_WORDS: Readonly<Record<PartName, string>> = {
  service: 'the service',
  prometheus: 'Prometheus',
  simulator: 'the simulator',
  alertmanager: 'Alertmanager',
  receiver: 'the receiver of notifications',
  grafana: 'Grafana',
  traces: 'the trace store',
  logs: 'the log store',
};

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** @returns what became of asking, as the end of a sentence */
export function outcomeOf({ name }: Error): string {
  return name === 'TimeoutError' ? 'did not answer in time' : 'is not there';
}

/** @returns why a part could not be asked, for a reader who may not know the stack */
export function notThere(name: PartName, part: Part, error: unknown): Refusal {
  return new Refusal(
    502,
    `${capital(PART_WORDS[name])} ${outcomeOf(error as Error)}.`,
    `It is looked for at ${part.opened}. “make status” shows what runs, and “make up” starts what is missing.`,
  );
}
