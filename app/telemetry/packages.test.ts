import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')) as T;
}

test('packages: there is one copy of every OpenTelemetry package, because two do not share their globals', async () => {
  const { packages } = await readJson<Lock>('package-lock.json');
  const names = Object.keys(packages)
    .map((path) => /node_modules\/(@opentelemetry\/[^/]+)$/.exec(path)?.[1])
    .filter((name) => name !== undefined);
  assert(names.length > 12);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test('packages: every version in package.json is exact', async () => {
  const pinned = await readJson<Record<string, Record<string, string>>>('package.json');
  const versions = { ...pinned['dependencies'], ...pinned['devDependencies'] };
  for (const [name, version] of Object.entries(versions)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
});

test('packages: the tests run on the pinned Node', async () => {
  const { devDependencies } = await readJson<{ devDependencies: { node: string } }>('package.json');
  assert.equal(process.version, `v${devDependencies.node}`);
});
