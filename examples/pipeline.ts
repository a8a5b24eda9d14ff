/** Asks Claude through the pipeline alone, once for a whole answer and once for a stream: `node examples/pipeline.ts`. */
import { createClaude } from 'claude-observatory/pipeline';

const { CLAUDE_BASE_URL: url = 'https://api.anthropic.com' } = process.env;
const claude = createClaude({ upstreams: [{ name: 'direct', url, keys: 'env:CLAUDE_API_KEY' }] });
const ask = {
  model: 'claude-haiku-5-5',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Hello' }],
};

const whole = await claude.messages(ask);
console.log(whole.status, whole.data);

const streamed = await claude.messages({ ...ask, stream: true });
if (typeof streamed.data === 'string') throw new Error(streamed.data);
for await (const events of streamed.data) for (const { type } of events) console.log(type);
console.log(await streamed.outcome);
await claude.close();
