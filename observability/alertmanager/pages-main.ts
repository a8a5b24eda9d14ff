/** The page receiver as a process: PAGES_HOST and PAGES_PORT, default 127.0.0.1:9095. */
import { once } from 'node:events';
import { startPages } from './pages.ts';

const receiver = await startPages({
  host: process.env['PAGES_HOST'] || '127.0.0.1',
  port: Number(process.env['PAGES_PORT'] || 9095),
});
process.stdout.write(`${JSON.stringify({ msg: 'listening', url: receiver.url })}\n`);
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await receiver.close();
