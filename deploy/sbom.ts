/**
 * `make sbom [OUT=sbom]`: the software bill of materials of the service's image as CycloneDX, by npm, and its licences as a
 * list. The exit code is 1 when a package of the image is missing in it, or has a licence that we do not accept.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT } from '../observability/local/paths.ts';

/** They ask for no more than a notice, which each package brings along. */
const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);

/** A package of the image. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; empty where the package names none. */
  readonly licence: string;
}

interface Locked {
  readonly name?: string;
  readonly version: string;
  readonly dev?: boolean;
}

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

function readJson(name: string) {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
}

/** @returns name and version of every package that `npm ci --omit=dev` installs */
export function packagesOfImage({ packages }: Lock = readJson('package-lock.json')): string[] {
  const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  return installed.map(([path, { name = path.split('node_modules/').at(-1), version }]) => {
    return `${name}@${version}`;
  });
}

/**
 * npm's own `--omit dev` leaves out what a package for development needs too, zod among them. So it is given a lock
 * file in which there is nothing for development.
 * @returns the SBOM as npm has written it @throws {Error} with what npm says
 */
export function createSbom(): string {
  const { devDependencies: _, ...manifest } = readJson('package.json');
  const lock = readJson('package-lock.json');
  const used = Object.entries(lock.packages as Lock['packages']).filter(([, { dev }]) => !dev);
  const packages = { ...Object.fromEntries(used), '': manifest };
  const temporary = mkdtempSync(join(tmpdir(), 'sbom-'));
  // npm calls what it lists after the folder.
  const folder = join(temporary, manifest.name);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
    const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type'];
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    return execFileSync('npm', [...args, 'application'], { cwd: folder, encoding: 'utf8', stdio });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

interface SbomPart {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly licenses?: readonly {
    readonly expression?: string;
    readonly license?: { readonly id?: string; readonly name?: string };
  }[];
}

/** @returns what an SBOM lists, by name */
export function componentsOf(sbom: string): Component[] {
  const parts: readonly SbomPart[] = JSON.parse(sbom).components;
  const components = parts.map(({ name, group, version, licenses = [] }) => ({
    name: group ? `${group}/${name}` : name,
    version,
    licence: licenses
      .map(({ expression, license }) => expression ?? license?.id ?? license?.name ?? '')
      .join(' AND '),
  }));
  return components.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @returns what is wrong with an SBOM, in words */
export function problemsOf(components: readonly Component[], wanted: readonly string[]): string[] {
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = wanted.filter((one) => !listed.has(one));
  const refused = components.filter(({ licence }) => !PERMISSIVE.has(licence));
  return [
    ...missing.map((one) => `${one} is in the image and not in the SBOM`),
    ...refused.map(
      ({ name, version, licence }) => `${name}@${version} has the licence “${licence}”`,
    ),
  ];
}

function main({ OUT = 'sbom' }: NodeJS.ProcessEnv): number {
  const folder = resolve(ROOT, OUT);
  const sbom = createSbom();
  const components = componentsOf(sbom);
  const problems = problemsOf(components, packagesOfImage());
  for (const problem of problems) process.stderr.write(`sbom: ${problem}\n`);
  const lines = components.map(({ name, version, licence }) => `${name}\t${version}\t${licence}\n`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'service.cdx.json'), sbom);
  writeFileSync(join(folder, 'licences.tsv'), lines.join(''));
  process.stdout.write(
    `${components.length} packages: service.cdx.json, licences.tsv in ${folder}\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.env);
