/** Under test: one Express route in front of a client, `express.ts <name of a file in clients/>`; by default undici. */
import { once } from 'node:events';
import express from 'express';
import { bodyOf, type Call, serve } from './serve.ts';

const name = process.argv[2];
const { createCall }: { createCall: () => Call | Promise<Call> } = await import(
  name === undefined ? './undici.ts' : `./clients/${name}.ts`
);
const call = await createCall();
const app = express();
app.disable('x-powered-by');

app.post('/v1/messages', async (request, response) => {
  const { status, type, body } = await call(await bodyOf(request));
  response.writeHead(status, { 'content-type': type });
  if (typeof body === 'string') response.end(body);
  else await once(body.pipe(response), 'close');
});
app.use(((_error, _request, response, _next) => {
  response.writeHead(502).end();
}) satisfies express.ErrorRequestHandler);

await serve(app);
