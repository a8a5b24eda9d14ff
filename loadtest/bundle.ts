/** The k6 script and all that it imports as one file, for where k6 gets a file alone. */
import { build } from 'esbuild';
import { ROOT } from '../observability/local/paths.ts';

/** @returns a module in JavaScript that imports k6's own modules alone */
export async function bundleK6Script(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['loadtest/k6/main.ts'],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'esnext',
    external: ['k6', 'k6/*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
