/**
 * Names of span and metric attributes. Those of the GenAI conventions, which no package carries yet, are of the
 * pinned version (docs/adr/0030-genai-conventions.md); `anthropic.…` are the names of the official SDK's own spans
 * and of those that the API exports.
 */
export const ATTR_CORRELATION_ID = 'correlation.id';
export const ATTR_OUTCOME = 'claude.outcome';
export const ATTR_ATTEMPT = 'claude.attempt';
/** A subagent of Claude Code, and the one that began it; the conventions know agents of a provider alone. */
export const ATTR_AGENT_ID = 'claude.agent.id';
export const ATTR_PARENT_AGENT_ID = 'claude.agent.parent_id';
export const ATTR_CALLER = 'claude.caller';
export const ATTR_ERROR_CODE = 'claude.error_code';
export const ATTR_KEY = 'claude.key';
export const ATTR_NETWORK_CAUSE = 'claude.network.cause';
export const ATTR_REFUSAL_CATEGORY = 'claude.refusal_category';
export const ATTR_UPSTREAM = 'claude.upstream';
export const ATTR_OVERHEAD_MS = 'claude.overhead_ms';
export const ATTR_TIME_TO_FIRST_EVENT_MS = 'claude.time_to_first_event_ms';
export const ATTR_TIME_TO_FIRST_TOKEN_MS = 'claude.time_to_first_token_ms';
export const ATTR_TIME_TO_FIRST_TEXT_MS = 'claude.time_to_first_text_ms';
export const ATTR_OUTPUT_TOKENS_PER_SECOND = 'claude.output_tokens_per_second';
export const ATTR_LONGEST_GAP_MS = 'claude.longest_gap_ms';
export const ATTR_COST_DOLLARS = 'claude.cost_dollars';
export const ATTR_UNPRICED = 'claude.unpriced';
export const ATTR_REQUEST_ID = 'anthropic.request.id';
export const ATTR_ORGANIZATION_ID = 'anthropic.organization.id';
export const ATTR_WORKSPACE_ID = 'anthropic.workspace.id';
export const ATTR_REQUEST_SERVICE_TIER = 'anthropic.request.service_tier';
export const ATTR_THINKING_TYPE = 'anthropic.thinking.type';
export const ATTR_CACHE_WRITE_5M_TOKENS =
  'anthropic.usage.cache_creation.ephemeral_5m_input_tokens';
export const ATTR_CACHE_WRITE_1H_TOKENS =
  'anthropic.usage.cache_creation.ephemeral_1h_input_tokens';

/** https://opentelemetry.io/docs/specs/semconv/registry/attributes/enduser/ */
export const ATTR_END_USER_ID = 'enduser.pseudo.id';
export const ATTR_ERROR_TYPE = 'error.type';
export const ATTR_HTTP_STATUS = 'http.response.status_code';

export const ATTR_GEN_AI_OPERATION = 'gen_ai.operation.name';
export const ATTR_GEN_AI_PROVIDER = 'gen_ai.provider.name';
export const ATTR_GEN_AI_CONVERSATION_ID = 'gen_ai.conversation.id';
export const ATTR_GEN_AI_OUTPUT_TYPE = 'gen_ai.output.type';
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
export const ATTR_GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream';
export const ATTR_GEN_AI_MAX_TOKENS = 'gen_ai.request.max_tokens';
export const ATTR_GEN_AI_REASONING_LEVEL = 'gen_ai.request.reasoning.level';
export const ATTR_GEN_AI_TEMPERATURE = 'gen_ai.request.temperature';
export const ATTR_GEN_AI_TOP_K = 'gen_ai.request.top_k';
export const ATTR_GEN_AI_TOP_P = 'gen_ai.request.top_p';
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
export const ATTR_GEN_AI_FINISH_REASONS = 'gen_ai.response.finish_reasons';
export const ATTR_GEN_AI_TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
export const ATTR_GEN_AI_TOKEN_MODALITY = 'gen_ai.token.modality';
export const ATTR_GEN_AI_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const ATTR_GEN_AI_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const ATTR_GEN_AI_REASONING_TOKENS = 'gen_ai.usage.reasoning.output_tokens';
export const ATTR_GEN_AI_CACHE_READ_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const ATTR_GEN_AI_CACHE_WRITE_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages';
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages';
export const ATTR_GEN_AI_SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions';
export const GEN_AI_PROVIDER = 'anthropic';

/** The instrumentation scope of our own spans, metrics and log records. */
export const SCOPE_NAME = 'claude-observatory';
