/** The request to the Messages API that tests send where its content does not matter. */

export const MODEL = 'claude-haiku-5-5';

export const ASK = {
  model: MODEL,
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};

/** `ASK` as it goes over the wire. */
export const BODY = JSON.stringify(ASK);
