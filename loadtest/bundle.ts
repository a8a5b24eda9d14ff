/** The k6 script and all that it imports as one file, for where k6 gets a file alone. */
import { build } from 'esbuild';
import { ROOT } from '../observability/local/paths.ts';

export const K6_SCRIPT = 'loadtest/k6/main.ts';

/**
 * @param entry a script, seen from the project
 * @param format `cjs` for engines without modules
 * @returns JavaScript that imports k6's own modules alone
 */
export async function bundle(entry: string, format: 'esm' | 'cjs'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format,
    platform: 'neutral',
    target: 'esnext',
    external: ['k6', 'k6/*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
