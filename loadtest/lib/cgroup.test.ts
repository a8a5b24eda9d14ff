/** A cgroup that cannot have its limit leaves no folder, and each one is a folder of its own. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { createMemoryCgroup } from './cgroup.ts';

const ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'].filter((root) => existsSync(root));
/** Folders of ours, also of other processes. */
const folders = () =>
  new Set(
    ROOTS.flatMap((root) =>
      readdirSync(root)
        .filter((name) => name.startsWith('claude-observatory-'))
        .map((name) => `${root}/${name}`),
    ),
  );
/** The folder is in the code that the process runs to join it. */
const folderOf = ({ env }: NonNullable<ReturnType<typeof createMemoryCgroup>>) =>
  /'(\/sys\/fs\/cgroup[^']+)\/cgroup\.procs'/.exec(decodeURIComponent(env.NODE_OPTIONS))?.[1] ?? '';

const probe = createMemoryCgroup(1024 ** 3, '');
probe?.remove();
const skip = !probe && 'this machine, or this user, cannot have a memory cgroup';

test('createMemoryCgroup: two of one process are two folders, and none is left of them', {
  skip,
}, () => {
  const pair = [createMemoryCgroup(1024 ** 3, ''), createMemoryCgroup(1024 ** 3, '')];
  const names = pair.map((cgroup) => cgroup && folderOf(cgroup));
  assert.equal(new Set(names).size, 2);
  for (const name of names) assert(name && existsSync(name));
  for (const cgroup of pair) cgroup?.remove();
  for (const name of names) assert(name && !existsSync(name));
});

test('createMemoryCgroup: where the limit cannot be written there is no cgroup, and no folder is left', {
  skip,
}, () => {
  const before = folders();
  assert.equal(createMemoryCgroup(Number.NaN, ''), undefined);
  assert.deepEqual(
    [...folders()].filter((name) => !before.has(name)),
    [],
  );
});
