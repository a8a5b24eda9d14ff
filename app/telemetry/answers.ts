/** Counts what the API said about a call: why its message ended, why the cache missed, which version it was. */
import type { Counter } from '@opentelemetry/api';
import type { MessageFacts } from '../anthropic/messages.ts';
import type { LabelValues } from './metric-definition.ts';
import { OTHER } from './model-labels.ts';
import {
  API_ERROR_CODES,
  API_VERSIONS,
  CACHE_MISS_REASONS,
  REFUSAL_CATEGORIES,
  STOP_REASONS,
} from './vocabulary.ts';

type AnswerInstruments = Readonly<
  Record<'stopReasons' | 'refusals' | 'cacheMisses' | 'versionCalls' | 'errorCodes', Counter>
>;

/** What the API calls its reasons and codes. */
const WORD = /^[a-z0-9_]{1,64}$/;

/** @returns the API's own word, also one of tomorrow, for spans and log lines; `other` for what is no such word */
export function wordOrOther(value: string): string {
  return WORD.test(value) ? value : OTHER;
}

/** @returns a value of the list as it is, and `other` for all else: nothing from outside becomes a label */
export function knownOrOther(known: readonly string[], value: string): string {
  return known.includes(value) ? value : OTHER;
}

/** Adds 0 to every series of answers, so that `rate()` sees the first of each. */
export function createAnswerSeriesAtZero(
  { stopReasons, refusals, cacheMisses, versionCalls, errorCodes }: AnswerInstruments,
  { models, upstreams }: LabelValues,
): void {
  for (const stop_reason of STOP_REASONS) {
    for (const model of [...models, OTHER]) stopReasons.add(0, { model, stop_reason });
  }
  for (const error_code of API_ERROR_CODES) {
    for (const upstream of upstreams) errorCodes.add(0, { upstream, error_code });
  }
  for (const category of REFUSAL_CATEGORIES) refusals.add(0, { category });
  for (const reason of CACHE_MISS_REASONS) cacheMisses.add(0, { reason });
  for (const version of API_VERSIONS) versionCalls.add(0, { version });
}

/** Counts a call by the version that it asked for. @param version undefined for a call that named none */
export function countVersion({ versionCalls }: AnswerInstruments, version = 'none'): void {
  versionCalls.add(1, { version: knownOrOther(API_VERSIONS, version) });
}

/** Counts a message by what the API has said of it; call once a message, at its end. */
export function countAnswer(
  { stopReasons, refusals, cacheMisses }: AnswerInstruments,
  model: string,
  { stopReason, refusalCategory = 'none', cacheMissReason }: MessageFacts,
): void {
  if (stopReason !== undefined) {
    stopReasons.add(1, { model, stop_reason: knownOrOther(STOP_REASONS, stopReason) });
  }
  if (stopReason === 'refusal') {
    refusals.add(1, { category: knownOrOther(REFUSAL_CATEGORIES, refusalCategory) });
  }
  if (cacheMissReason !== undefined) {
    cacheMisses.add(1, { reason: knownOrOther(CACHE_MISS_REASONS, cacheMissReason) });
  }
}
