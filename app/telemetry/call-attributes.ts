/** The attributes of a call's span: those that it begins with, and what the answer says. Names: docs/semantics.md. */
import type { Attributes } from '@opentelemetry/api';
import type { MessageFacts } from '../anthropic/messages.ts';
import { wordOrOther } from './answers.ts';
import {
  ATTR_CALLER,
  ATTR_CORRELATION_ID,
  ATTR_GEN_AI_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_REFUSAL_CATEGORY,
} from './attributes.ts';
import { findCorrelation } from './correlation.ts';
import { genAiAttributes } from './gen-ai.ts';
import type { CallInfo } from './recorder.ts';

/** The SDK leaves out those that are undefined. */
export function callAttributes(info: CallInfo): Attributes {
  return {
    [ATTR_CALLER]: info.caller,
    ...genAiAttributes(info),
    [ATTR_CORRELATION_ID]: findCorrelation()?.id,
  };
}

/** The model is not among them: it decides about labels too. */
export function answerAttributes({ id, stopReason, refusalCategory }: MessageFacts): Attributes {
  return {
    ...(id && { [ATTR_GEN_AI_RESPONSE_ID]: id }),
    ...(stopReason !== undefined && { [ATTR_GEN_AI_FINISH_REASONS]: [wordOrOther(stopReason)] }),
    ...(refusalCategory !== undefined && { [ATTR_REFUSAL_CATEGORY]: wordOrOther(refusalCategory) }),
  };
}
