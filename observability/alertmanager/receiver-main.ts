/** The webhook receiver as a program: it reads RECEIVER_HOST and RECEIVER_PORT, default 127.0.0.1:9095. */
import { once } from 'node:events';
import { startReceiver } from './receiver.ts';

async function main(): Promise<void> {
  const receiver = await startReceiver({
    host: process.env['RECEIVER_HOST'] || '127.0.0.1',
    port: Number(process.env['RECEIVER_PORT'] || 9095),
  });
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: receiver.url })}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await receiver.close();
}

if (import.meta.main) await main();
