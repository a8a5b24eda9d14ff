/** For tests: a collector of exported log lines. */
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { listen } from './http.ts';

/** @returns its address, the bodies of exported log lines so far, and what ends it before the test does */
export async function startLogCollector(t: TestContext) {
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/v1/logs') bodies.push(Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  const port = await listen(t, server);
  const stop = () => server.close().closeAllConnections();
  return { bodies, url: `http://127.0.0.1:${port}`, stop };
}
