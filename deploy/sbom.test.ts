/** The bill of materials is complete, says of whom it is, and lists permissive licences alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import packageJson from '../package.json' with { type: 'json' };
import { componentsOf, createSbom, packagesOfImage, problemsOf } from './sbom.ts';

test('sbom: npm lists every package of the image, each with a permissive licence, and none for development', () => {
  const sbom = createSbom();
  const { bomFormat, metadata, components } = JSON.parse(sbom);
  assert.equal(bomFormat, 'CycloneDX');
  assert.equal(metadata.component.name, packageJson.name);
  const listed = componentsOf(sbom);
  const wanted = packagesOfImage();
  assert.deepEqual(problemsOf(listed, wanted), []);
  assert.equal(listed.length, new Set(wanted).size);
  assert(
    components.every(
      ({ purl, hashes }: { purl: string; hashes: unknown[] }) => purl && hashes.length,
    ),
  );
  const names = new Set(listed.map(({ name }) => name));
  for (const name of Object.keys(packageJson.dependencies)) assert(names.has(name), name);
  for (const name of Object.keys(packageJson.devDependencies)) assert(!names.has(name), name);
});

test('sbom: a package that is not listed, and licences that are copyleft, unknown or missing, are problems', () => {
  const sbom = JSON.stringify({
    components: [
      { name: 'a', version: '1.0.0', licenses: [{ license: { id: 'AGPL-3.0-only' } }] },
      { name: 'b', group: '@x', version: '1.0.0', licenses: [{ expression: 'MIT OR GPL-2.0' }] },
      { name: 'c', version: '1.0.0' },
      { name: 'd', version: '1.0.0', licenses: [{ license: { id: 'MIT' } }] },
    ],
  });
  const lock = { packages: { '': { version: '1' }, 'node_modules/e': { version: '2.0.0' } } };
  assert.deepEqual(problemsOf(componentsOf(sbom), packagesOfImage(lock)), [
    'e@2.0.0 is in the image and not in the SBOM',
    '@x/b@1.0.0 has the licence “MIT OR GPL-2.0”',
    'a@1.0.0 has the licence “AGPL-3.0-only”',
    'c@1.0.0 has the licence “”',
  ]);
});
