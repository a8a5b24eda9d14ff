/** A run of game days that is ended by a signal leaves no process, no folder and no cgroup behind, however early it comes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { createMemoryCgroup } from '../lib/cgroup.ts';
import { endEarly, SIGNALS } from '../lib/testing-end-early.ts';
import { missingTools } from './testing-tools.ts';

const skip = missingTools() || (process.platform !== 'linux' && 'there is no /proc here');

/** In a cgroup where this machine has them. */
function faultOf(): string {
  const cgroup = createMemoryCgroup(1024 ** 3, '');
  cgroup?.remove();
  return cgroup ? 'memory_pressure' : 'key_rejected';
}

/** The folders of game days with this fault, and all cgroups of ours; other runs may have some, too. */
function traces(fault: string): Set<string> {
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'].filter((root) => existsSync(root));
  const named = (folder: string, prefix: string) =>
    readdirSync(folder).filter((name) => name.startsWith(prefix));
  return new Set([
    ...named(tmpdir(), `game-day-${fault}-`),
    ...roots.flatMap((root) => named(root, 'claude-observatory-')),
  ]);
}

for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
  test(`make gameday: ${signal} before the service listens leaves nothing behind`, {
    skip,
  }, async (t) => {
    const fault = faultOf();
    const before = traces(fault);
    await endEarly(t, 'loadtest/gamedays/run.ts', signal, { FAULT: fault });
    assert.deepEqual(
      [...traces(fault)].filter((name) => !before.has(name)),
      [],
    );
  });
}
