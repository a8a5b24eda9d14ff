/** `POST /v1/messages` and `POST /v1/messages/count_tokens`: one call each, its body sent as it came. */
import { parseJson } from './body.ts';
import { targetOf } from './headers.ts';
import type { Respond } from './respond.ts';
import { checkCountTokens, checkMessages } from './schemas.ts';
import type { Step } from './step.ts';

export function messages(respond: Respond): Step {
  return (request, response) => {
    const { text: body, value } = parseJson(request, response);
    const asked = checkMessages(value);
    const url = targetOf('/v1/messages', request);
    return respond(request, response, {
      operation: 'chat',
      method: 'POST',
      url,
      body,
      ...asked,
    });
  };
}

/** A count is never streamed, whatever its body says. */
export function countTokens(respond: Respond): Step {
  return (request, response) => {
    const { text: body, value } = parseJson(request, response);
    const { model } = checkCountTokens(value);
    const url = targetOf('/v1/messages/count_tokens', request);
    const ask = {
      operation: 'count_tokens',
      method: 'POST',
      url,
      body,
      model,
      stream: false,
    } as const;
    return respond(request, response, ask);
  };
}
