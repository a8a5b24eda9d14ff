/** Runs the console as a process: it reads CONSOLE_PORT, CONSOLE_HOST and the addresses of the other parts (options.ts). */
import { once } from 'node:events';
import { readOptions } from './options.ts';
import { startConsole } from './server.ts';

async function main(): Promise<void> {
  const server = await startConsole(readOptions(process.env));
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: server.url })}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await server.close();
}

if (import.meta.main) await main();
