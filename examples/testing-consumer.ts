/** For tests: another project on this machine, into which the package was installed from its tarball. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import { pack } from '../.ci/pack.ts';
import { ROOT } from '../observability/local/paths.ts';

export interface Consumer {
  readonly folder: string;
  /** The manifest of the installed package. */
  readonly manifest: Readonly<Record<'dependencies' | 'peerDependencies', Record<string, string>>>;
  /** Starts one of the examples in the consumer. @param env all of its environment */
  start(example: string, env: Readonly<Record<string, string>>): ReturnType<typeof spawn>;
  /** Runs one to its end. @returns what it printed @throws {Error} it failed, or took 30 s */
  run(example: string, env: Readonly<Record<string, string>>): Promise<string>;
  /**
   * Checks a module as a strict project does, and every declaration that it comes by.
   * @returns what TypeScript finds; '' for nothing
   */
  typeErrors(text: string): string;
}

const STRICT = {
  strict: true,
  module: 'nodenext',
  target: 'es2024',
  noEmit: true,
  skipLibCheck: false,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
};

function typeErrors(folder: string, text: string): string {
  const project = mkdtempSync(join(folder, 'types-'));
  writeFileSync(join(project, 'checked.ts'), text);
  const config = { compilerOptions: STRICT, files: ['checked.ts'] };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { status, stdout } = spawnSync(tsc, ['-p', project], { encoding: 'utf8' });
  return status === 0 ? '' : `exit code ${status}: ${stdout}`;
}

/** A link to what is installed here, so that nothing is fetched. */
function link(folder: string, name: string): void {
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', name), path);
}

/**
 * Installs what `make pack` makes, beside nothing but the dependencies that its manifest names.
 * @param others further packages of the consumer's own
 */
function install(folder: string, others: readonly string[]): Consumer['manifest'] {
  const home = join(folder, 'node_modules/claude-observatory');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', pack(join(folder, 'dist')), '--strip-components=1', '-C', home]);
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(manifest.dependencies), ...others]) link(folder, name);
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
  return manifest;
}

/** Makes the consumer before the tests of a file, and removes it after them. */
export function useConsumer(others: readonly string[] = []): { readonly it: Consumer } {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let manifest: Consumer['manifest'];
  before(() => {
    manifest = install(folder, others);
  });
  const start = (example: string, env: Readonly<Record<string, string>>) => {
    cpSync(join(ROOT, 'examples', example), join(folder, example));
    return spawn(process.execPath, [example], { cwd: folder, env, stdio: 'pipe' });
  };
  return {
    get it(): Consumer {
      return {
        folder,
        manifest,
        start,
        run: (example, env) => ended(start(example, env)),
        typeErrors: (text) => typeErrors(folder, text),
      };
    },
  };
}

async function ended(child: ReturnType<typeof spawn>): Promise<string> {
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout?.on('data', (chunk) => out.push(String(chunk)));
  child.stderr?.on('data', (chunk) => err.push(String(chunk)));
  const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [code] = await new Promise<unknown[]>((resolve) =>
    child.once('close', (...ending) => resolve(ending)),
  );
  clearTimeout(limit);
  if (code !== 0) throw new Error(`exit code ${code}: ${out.join('')}${err.join('')}`);
  return out.join('');
}
