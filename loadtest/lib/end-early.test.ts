/** Runs that are ended by a signal leave no service behind, however early it comes. Game days have a test of their own. */
import { test } from 'node:test';
import { endEarly } from './testing-end-early.ts';

const skip = process.platform !== 'linux' && 'there is no /proc here';

for (const [script, signal] of [
  ['loadtest/chaos/run.ts', 'SIGTERM'],
  ['loadtest/soak/run.ts', 'SIGHUP'],
] as const) {
  test(`${script}: ${signal} before the service listens leaves no process behind`, { skip }, (t) =>
    endEarly(t, script, signal),
  );
}
