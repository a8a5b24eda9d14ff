/** A conversation of two requests: the model uses a tool, and answers when it has the tool's result. */
import { Exchanges, judged } from './exchanges.ts';
import { objectsOf, parseObject } from './json.ts';
import type { Asked, Call } from './kinds.ts';
import { messageRequest } from './prompts.ts';
import { failed, judgeComplete } from './verdict.ts';

const TOOL = {
  name: 'get_weather',
  description: 'The weather of a city.',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const QUESTION = { role: 'user', content: 'What is the weather like in Vienna?' };

export function* tools(asked: Asked): Call {
  const exchanges = new Exchanges(asked);
  const first = yield* exchanges.send(
    messageRequest(asked, {
      tools: [TOOL],
      tool_choice: { type: 'tool', name: TOOL.name },
      messages: [QUESTION],
    }),
  );
  const verdict = judged(first, judgeComplete);
  if (!verdict.ok) return exchanges.observe(verdict);
  const content = objectsOf(parseObject(first.body)?.['content']);
  const use = content.find((block) => block['type'] === 'tool_use' && block['name'] === TOOL.name);
  if (typeof use?.['id'] !== 'string') return exchanges.observe(failed('no_tool_use'));
  const result = { type: 'tool_result', tool_use_id: use['id'], content: 'Sunny, 21 °C' };
  const second = yield* exchanges.send(
    messageRequest(asked, {
      tools: [TOOL],
      messages: [QUESTION, { role: 'assistant', content }, { role: 'user', content: [result] }],
    }),
  );
  return exchanges.observe(judged(second, judgeComplete));
}
