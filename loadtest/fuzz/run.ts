/**
 * Throws hostile input at the service: `make fuzz [SECONDS=60] [SEED=…] [FROM=…]`. It prints the seed, and for a
 * failure the command that repeats it. It exits with 1 when something is wrong.
 */
import { exitOnSignals } from '../lib/children.ts';
import { fuzz } from './fuzz.ts';

function numberOf(name: string, otherwise: number): number {
  const text = process.env[name];
  const value = text ? Number(text) : otherwise;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`${name} must be a whole number\n`);
  return process.exit(78);
}

if (import.meta.main) {
  exitOnSignals();
  const seed = numberOf('SEED', Date.now() % 2 ** 32);
  const seconds = numberOf('SECONDS', 60);
  const from = numberOf('FROM', 0);
  process.stdout.write(`fuzz: SEED=${seed}, ${seconds} s\n`);
  const { cases, kinds, problems, again } = await fuzz({ seed, seconds, from });
  process.stdout.write(`fuzz: ${cases} cases: ${JSON.stringify(kinds)}\n`);
  for (const problem of problems) process.stdout.write(`fuzz: ${problem}\n`);
  if (again) process.stdout.write(`fuzz: once more: ${again}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
