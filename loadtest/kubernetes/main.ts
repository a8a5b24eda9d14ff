/**
 * `make load-manifests TARGET=… [SCENARIO= RATE= DURATION= PARALLELISM= NAMESPACE= TOKEN_SECRET= REMOTE_WRITE=]`:
 * prints the manifests that run a scenario on Kubernetes (docs/kubernetes-load.md). Bad options end with 78.
 */
import { bundleK6Script } from '../bundle.ts';
import { EXIT } from '../scenarios/run-verdict.ts';
import { manifests } from './manifests.ts';
import { readManifestOptions } from './options.ts';

async function main(env: NodeJS.ProcessEnv): Promise<number> {
  const read = readManifestOptions(env);
  if (!read.ok) {
    for (const problem of read.problems) process.stderr.write(`bad option: ${problem}\n`);
    return EXIT.badOptions;
  }
  process.stdout.write(manifests(read.options, await bundleK6Script()));
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.env);
