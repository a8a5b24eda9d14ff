/**
 * The attributes of a call's span: what it begins with, and what the answer says; and the fields of its log line
 * that name whose work it is. What callers say of themselves is never a label. Names: docs/semantics.md.
 */
import type { Attributes } from '@opentelemetry/api';
import type { MessageFacts } from '../anthropic/messages.ts';
import type { RequestFacts } from '../anthropic/request-facts.ts';
import { wordOrOther } from './answers.ts';
import {
  ATTR_AGENT_ID,
  ATTR_CALLER,
  ATTR_CORRELATION_ID,
  ATTR_END_USER_ID,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_FINISH_REASONS,
  ATTR_GEN_AI_MAX_TOKENS,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REASONING_LEVEL,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_TEMPERATURE,
  ATTR_GEN_AI_TOP_K,
  ATTR_GEN_AI_TOP_P,
  ATTR_PARENT_AGENT_ID,
  ATTR_REFUSAL_CATEGORY,
  ATTR_REQUEST_SERVICE_TIER,
  ATTR_THINKING_TYPE,
} from './attributes.ts';
import { findCorrelation } from './correlation.ts';
import { genAiAttributes } from './gen-ai.ts';
import type { CallInfo } from './recorder.ts';

/** The SDK leaves out those that are undefined. */
export function callAttributes(info: CallInfo): Attributes {
  const { caller, attribution, facts } = info;
  return {
    [ATTR_CALLER]: caller,
    ...genAiAttributes(info),
    [ATTR_CORRELATION_ID]: findCorrelation()?.id,
    [ATTR_GEN_AI_CONVERSATION_ID]: attribution?.conversationId,
    [ATTR_AGENT_ID]: attribution?.agentId,
    [ATTR_PARENT_AGENT_ID]: attribution?.parentAgentId,
    ...(facts && requestAttributes(facts)),
  };
}

function requestAttributes(facts: RequestFacts): Attributes {
  return {
    [ATTR_END_USER_ID]: facts.userId,
    [ATTR_GEN_AI_MAX_TOKENS]: facts.maxTokens,
    [ATTR_GEN_AI_REASONING_LEVEL]: facts.effort,
    [ATTR_GEN_AI_OUTPUT_TYPE]: facts.wantsJson && 'json',
    [ATTR_GEN_AI_TEMPERATURE]: facts.temperature,
    [ATTR_GEN_AI_TOP_P]: facts.topP,
    [ATTR_GEN_AI_TOP_K]: facts.topK,
    [ATTR_THINKING_TYPE]: facts.thinking,
    [ATTR_REQUEST_SERVICE_TIER]: facts.serviceTier,
  };
}

/** Fields of the log line `call`; pino leaves out those that are undefined. */
export function attributionFields({ attribution, facts }: CallInfo) {
  return {
    conversation_id: attribution?.conversationId,
    agent_id: attribution?.agentId,
    parent_agent_id: attribution?.parentAgentId,
    user_id: facts?.userId,
  };
}

export function answerAttributes(facts: MessageFacts): Attributes {
  const { id, model, stopReason, refusalCategory } = facts;
  return {
    ...(id && { [ATTR_GEN_AI_RESPONSE_ID]: id }),
    ...(model && { [ATTR_GEN_AI_RESPONSE_MODEL]: model }),
    ...(stopReason !== undefined && { [ATTR_GEN_AI_FINISH_REASONS]: [wordOrOther(stopReason)] }),
    ...(refusalCategory !== undefined && { [ATTR_REFUSAL_CATEGORY]: wordOrOther(refusalCategory) }),
  };
}
