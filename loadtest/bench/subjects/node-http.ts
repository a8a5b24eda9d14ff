/** Under test: bare `node:http` and undici, below which no service in Node gets. */
import { bodyOf, serve } from './serve.ts';
import { createCall } from './undici.ts';

const call = createCall();

await serve(async (request, response) => {
  try {
    const { status, type, body } = await call(await bodyOf(request));
    response.writeHead(status, { 'content-type': type });
    if (typeof body === 'string') response.end(body);
    else body.pipe(response);
  } catch {
    response.writeHead(502).end();
  }
});
