/**
 * A call in the terms of the GenAI conventions: labels, attributes, and its token usage.
 * Their version is pinned in docs/adr/0030-genai-conventions.md.
 */
import type { Attributes } from '@opentelemetry/api';
import { promptTokens, type Usage } from '../anthropic/usage.ts';
import {
  ATTR_CACHE_WRITE_1H_TOKENS,
  ATTR_CACHE_WRITE_5M_TOKENS,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_CACHE_READ_TOKENS,
  ATTR_GEN_AI_CACHE_WRITE_TOKENS,
  ATTR_GEN_AI_INPUT_TOKENS,
  ATTR_GEN_AI_OPERATION,
  ATTR_GEN_AI_OUTPUT_TOKENS,
  ATTR_GEN_AI_PROVIDER,
  ATTR_GEN_AI_REASONING_TOKENS,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_TOKEN_MODALITY,
  GEN_AI_PROVIDER,
} from './attributes.ts';
import { GEN_AI_ERROR, GEN_AI_MODALITY } from './gen-ai-metrics.ts';
import type { Instruments } from './instruments.ts';
import { OTHER, shownModel } from './model-labels.ts';
import type { CallInfo } from './recorder.ts';

/** @param model the label value of the model that was asked for, as the convention says */
export function genAiLabels({ operation }: Pick<CallInfo, 'operation'>, model: string): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION]: operation,
    [ATTR_GEN_AI_PROVIDER]: GEN_AI_PROVIDER,
    [ATTR_GEN_AI_REQUEST_MODEL]: model,
  };
}

/** The attributes that a call's span starts with; the model is the one that the caller named. */
export function genAiAttributes({ operation, model, stream }: CallInfo): Attributes {
  return {
    [ATTR_GEN_AI_OPERATION]: operation,
    [ATTR_GEN_AI_PROVIDER]: GEN_AI_PROVIDER,
    ...(model && { [ATTR_GEN_AI_REQUEST_MODEL]: shownModel(model) }),
    ...(stream && { [ATTR_GEN_AI_REQUEST_STREAM]: true }),
  };
}

/** The span name that the conventions require: operation and model. */
export function genAiSpanName({ operation, model }: CallInfo): string {
  return model ? `${operation} ${shownModel(model)}` : operation;
}

/** How a call for a message ended, in the terms of the conventions. */
export interface Inference {
  /** The labels that `genAiLabels` returned for the call. */
  readonly labels: Attributes;
  /** Of the call's span, milliseconds. */
  readonly durationMs: number;
  readonly isError: boolean;
  /** The call was refused before anything was sent. */
  readonly isRefused: boolean;
  readonly usage: Usage | undefined;
}

/** Records a call for a message as the conventions ask: failed ones too, with no tokens where none were reported. */
export function recordInference(instruments: Instruments, inference: Inference): void {
  const { labels, durationMs, isError, isRefused, usage } = inference;
  const operation = isError ? failedLabels(labels) : labels;
  instruments.genAiDuration.record(durationMs / 1000, operation);
  if (isRefused) return;
  instruments.genAiInputTokens.record(usage ? promptTokens(usage) : 0, operation);
  instruments.genAiOutputTokens.record(usage?.outputTokens ?? 0, operation);
  if (usage) addUsage(instruments, usage, labels);
}

/** Failed calls of all models are one series: which models fail is in `claude_api_requests_total`. */
function failedLabels({ [ATTR_GEN_AI_REQUEST_MODEL]: _, ...rest }: Attributes): Attributes {
  return { ...rest, [ATTR_ERROR_TYPE]: GEN_AI_ERROR };
}

function addUsage(instruments: Instruments, usage: Usage, labels: Attributes): void {
  const used = { ...labels, [ATTR_GEN_AI_TOKEN_MODALITY]: GEN_AI_MODALITY };
  instruments.genAiUsageInput.add(promptTokens(usage), used);
  instruments.genAiUsageOutput.add(usage.outputTokens, used);
  // Their series exist at 0 from the start.
  const { cacheReadTokens: read, thinkingTokens: thought } = usage;
  const written = usage.cacheWrite5mTokens + usage.cacheWrite1hTokens;
  if (read > 0) instruments.genAiUsageCacheRead.add(read, used);
  if (written > 0) instruments.genAiUsageCacheWrite.add(written, used);
  if (thought > 0) instruments.genAiUsageReasoning.add(thought, used);
}

/** Adds 0 to the series of usage: `rate()` would not see the first tokens of one that appears with them. */
export function createUsageAtZero(instruments: Instruments, models: readonly string[]): void {
  for (const model of [...models, OTHER]) {
    const labels = genAiLabels({ operation: 'chat' }, model);
    const used = { ...labels, [ATTR_GEN_AI_TOKEN_MODALITY]: GEN_AI_MODALITY };
    instruments.genAiUsageInput.add(0, used);
    instruments.genAiUsageOutput.add(0, used);
    instruments.genAiUsageCacheRead.add(0, used);
    instruments.genAiUsageCacheWrite.add(0, used);
    instruments.genAiUsageReasoning.add(0, used);
  }
}

export function usageAttributes(usage: Usage): Attributes {
  return {
    // The conventions count cached tokens as input; Anthropic reports them separately.
    [ATTR_GEN_AI_INPUT_TOKENS]: promptTokens(usage),
    [ATTR_GEN_AI_OUTPUT_TOKENS]: usage.outputTokens,
    [ATTR_GEN_AI_CACHE_READ_TOKENS]: usage.cacheReadTokens,
    [ATTR_GEN_AI_REASONING_TOKENS]: usage.thinkingTokens,
    [ATTR_GEN_AI_CACHE_WRITE_TOKENS]: usage.cacheWrite5mTokens + usage.cacheWrite1hTokens,
    [ATTR_CACHE_WRITE_5M_TOKENS]: usage.cacheWrite5mTokens,
    [ATTR_CACHE_WRITE_1H_TOKENS]: usage.cacheWrite1hTokens,
  };
}
