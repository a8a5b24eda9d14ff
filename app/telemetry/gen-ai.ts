/**
 * A call in the terms of the GenAI conventions: labels, attributes, and its token usage.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/
 */
import type { Attributes } from '@opentelemetry/api';
import type { Usage } from '../anthropic/messages.ts';
import {
  ATTR_GEN_AI_CACHE_CREATION_TOKENS,
  ATTR_GEN_AI_CACHE_READ_TOKENS,
  ATTR_GEN_AI_INPUT_TOKENS,
  ATTR_GEN_AI_OPERATION,
  ATTR_GEN_AI_OUTPUT_TOKENS,
  ATTR_GEN_AI_PROVIDER,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOKEN_TYPE,
  GEN_AI_PROVIDER,
} from './attributes.ts';
import type { Instruments } from './instruments.ts';
import { MAX_MODEL_LENGTH } from './model-labels.ts';
import type { CallInfo } from './recorder.ts';
import type { TokenType } from './vocabulary.ts';

/** @param model the label value of the model that was asked for, as the convention says */
export function genAiLabels({ operation }: CallInfo, model: string): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION]: operation,
    [ATTR_GEN_AI_PROVIDER]: GEN_AI_PROVIDER,
    [ATTR_GEN_AI_REQUEST_MODEL]: model,
  };
}

/** The attributes that a call's span starts with; the model is the one that the caller named. */
export function genAiAttributes({ operation, model }: CallInfo): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION]: operation,
    [ATTR_GEN_AI_PROVIDER]: GEN_AI_PROVIDER,
    ...(model && { [ATTR_GEN_AI_REQUEST_MODEL]: model.slice(0, MAX_MODEL_LENGTH) }),
  };
}

/** The span name that the conventions require: operation and model. */
export function genAiSpanName({ operation, model }: CallInfo): string {
  return model ? `${operation} ${model.slice(0, MAX_MODEL_LENGTH)}` : operation;
}

/** Label values of the call that used the tokens. */
export interface UsageLabels {
  readonly model: string;
  readonly caller: string;
  /** The labels that `genAiLabels` returned for the call. */
  readonly genAi: Attributes;
}

/** Counts the tokens that a call used, by model, by caller, and as the GenAI conventions require. */
export function countUsage(
  instruments: Instruments,
  usage: Usage,
  { model, caller, genAi }: UsageLabels,
): void {
  const counts: Readonly<Record<TokenType, number>> = {
    input: usage.inputTokens,
    output: usage.outputTokens,
    cache_read: usage.cacheReadTokens,
    cache_creation: usage.cacheCreationTokens,
  };
  for (const [type, n] of Object.entries(counts)) {
    // Most responses have no cached tokens, and adding 0 would create series that nobody needs.
    if (n === 0) continue;
    instruments.tokens.add(n, { model, type });
    instruments.callerTokens.add(n, { caller, type });
  }
  const record = (n: number, type: 'input' | 'output') =>
    instruments.genAiTokens.record(n, { ...genAi, [ATTR_GEN_AI_TOKEN_TYPE]: type });
  record(conventionalInput(usage), 'input');
  record(usage.outputTokens, 'output');
}

export function usageAttributes(usage: Usage): Attributes {
  return {
    [ATTR_GEN_AI_INPUT_TOKENS]: conventionalInput(usage),
    [ATTR_GEN_AI_OUTPUT_TOKENS]: usage.outputTokens,
    [ATTR_GEN_AI_CACHE_READ_TOKENS]: usage.cacheReadTokens,
    [ATTR_GEN_AI_CACHE_CREATION_TOKENS]: usage.cacheCreationTokens,
  };
}

/** The conventions count cached tokens as input; Anthropic reports them separately. */
function conventionalInput({ inputTokens, cacheReadTokens, cacheCreationTokens }: Usage): number {
  return inputTokens + cacheReadTokens + cacheCreationTokens;
}
