import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ID_FIELDS } from '../privacy/rules.ts';
import {
  ATTR_AGENT_ID,
  ATTR_CORRELATION_ID,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_PARENT_AGENT_ID,
  ATTR_REQUEST_ID,
} from './attributes.ts';

test('ID_FIELDS: the redaction rules know the span attributes that hold IDs by their names', () => {
  const fields = [...ID_FIELDS].filter((name) => name.includes('.'));
  assert.deepEqual(fields, [
    ATTR_CORRELATION_ID,
    ATTR_REQUEST_ID,
    ATTR_GEN_AI_RESPONSE_ID,
    ATTR_GEN_AI_CONVERSATION_ID,
    ATTR_AGENT_ID,
    ATTR_PARENT_AGENT_ID,
  ]);
});
