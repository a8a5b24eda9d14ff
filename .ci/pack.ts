/**
 * `make pack`: builds the package for other projects into `dist/` and prints the name of its tarball. The package has what
 * `exports` of package.json names as JavaScript with declarations, because Node strips no types below node_modules.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from '../observability/local/paths.ts';

/** The consumer installs these: two copies would not share their globals, and some serve one key source only. */
const PEERS = /^@(?:opentelemetry|aws-sdk)\//;

/** A package's name in a statement of its own, or in `import('…')`: relative paths and Node's modules are none. */
const NAME = "'((?!node:)(?:@[a-z0-9-]+/)?[a-z][a-z0-9.-]*)[^']*'";
const IMPORT = new RegExp(
  `^(?:import|export|\\})[^'\\n]*from ${NAME}|\\bimport\\(${NAME}\\)`,
  'gm',
);

const DESCRIPTION =
  "Calls Anthropic's Messages API through an instrumented pipeline: retries, failover, key rotation, limits, streams.";

/** Without them npm asks the registry whether it is the newest. */
const QUIETLY = ['--offline', '--ignore-scripts', '--no-update-notifier'];
const NPM_LIMIT_MS = 60_000;

type Versions = Readonly<Record<string, string>>;

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly engines: Versions;
  readonly exports: Versions;
  readonly dependencies: Versions;
}

/** @returns the packages that the built files import, and their types */
function importedPackages(folder: string): Set<string> {
  const files = globSync('**/*.{js,d.ts}', { cwd: folder });
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  const names = texts.flatMap((text) =>
    Array.from(text.matchAll(IMPORT), ([, name = '', inline = '']) => name || inline),
  );
  return new Set(names);
}

/** @throws {Error} an import is no dependency of the project */
function versionsOf(names: Iterable<string>, { dependencies }: Manifest): [string, string][] {
  return [...names].toSorted().map((name) => {
    const version = dependencies[name];
    if (version === undefined) throw new Error(`${name} is imported but is no dependency`);
    return [name, version];
  });
}

function exported(source: string): Readonly<Record<'types' | 'default', string>> {
  const built = source.replace('./app/', './').replace(/\.ts$/, '');
  return { types: `${built}.d.ts`, default: `${built}.js` };
}

/** @returns the package.json of what was built into `folder` */
export function packageManifest(project: Manifest, folder: string) {
  const { version, license, engines } = project;
  const versions = versionsOf(importedPackages(folder), project);
  const peers = versions.filter(([name]) => PEERS.test(name));
  return {
    name: 'claude-observatory',
    version,
    description: DESCRIPTION,
    license,
    // It is installed from its tarball; nobody publishes it by mistake.
    private: true,
    type: 'module',
    engines,
    exports: Object.fromEntries(
      Object.entries(project.exports).map(([entry, source]) => [entry, exported(source)]),
    ),
    dependencies: Object.fromEntries(versions.filter(([name]) => !PEERS.test(name))),
    peerDependencies: Object.fromEntries(peers.map(([name, wanted]) => [name, `^${wanted}`])),
    peerDependenciesMeta: Object.fromEntries(peers.map(([name]) => [name, { optional: true }])),
  };
}

/** @returns the path of the tarball in `out` */
export function pack(out: string): string {
  const folder = join(out, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', 'app/library', '--outDir', folder], { cwd: ROOT, stdio: 'inherit' });
  const project = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const manifest = packageManifest(project, folder);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(ROOT, 'app/library/README.md'), join(folder, 'README.md'));
  // The same source gives the same bytes, or a lock file of those who install it would no longer fit.
  const args = ['pack', folder, '--pack-destination', out, '--silent', ...QUIETLY];
  execFileSync('npm', args, { stdio: 'pipe', timeout: NPM_LIMIT_MS });
  return join(out, `${manifest.name}-${manifest.version}.tgz`);
}

if (import.meta.main) process.stdout.write(`${pack(resolve(process.argv[2] ?? 'dist'))}\n`);
