/** The span store as a process: OTLP_PORT, default 4318. */
import { once } from 'node:events';
import { startSpanStore } from './span-store.ts';

const store = await startSpanStore({ port: Number(process.env['OTLP_PORT'] || 4318) });
process.stdout.write(`${JSON.stringify({ msg: 'listening', url: store.url })}\n`);
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await store.close();
