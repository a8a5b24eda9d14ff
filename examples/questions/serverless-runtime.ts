/** The platform's side of the handler, in its process: an event is a line of JSON, and so is its answer. */
import { createInterface } from 'node:readline';
import { handler } from '../serverless.ts';

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await handler(JSON.parse(line)).catch((error) => ({
    status: 0,
    body: `${error}`,
  }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
