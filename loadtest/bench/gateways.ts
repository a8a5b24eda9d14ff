/** Other people's gateways of the Messages API, each with nothing of its telemetry switched on. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LITELLM_PROGRAM, LITELLM_VERSION } from '../../observability/local/bench-tools.ts';
import { MODEL } from './answers.ts';
import { packageFolder, packageVersion } from './packages.ts';
import type { Place, Program, Subject } from './subject.ts';

const PORTKEY = '@portkey-ai/gateway';

/** LiteLLM refuses to start with a weak one. */
const LITELLM_KEY = 'sk-bench-5f1c0a7e93d84b6296ab';

/** Every subject is sent all of these, so that requests are of one size. */
export const gatewayHeaders = (upstream: string): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  'anthropic-version': '2023-06-01',
  'x-api-key': LITELLM_KEY,
  'x-portkey-provider': 'anthropic',
  'x-portkey-custom-host': `${upstream}/v1`,
});

function portkey({ port }: Place): Program {
  const main = join(packageFolder(PORTKEY) ?? '', 'build/start-server.js');
  return {
    program: process.execPath,
    args: [main, `--port=${port}`, '--headless'],
    env: { TRUSTED_CUSTOM_HOSTS: '127.0.0.1' },
  };
}

function litellm({ port, upstream, folder }: Place): Program {
  const config = join(folder, 'litellm.json');
  const params = { model: `anthropic/${MODEL}`, api_base: upstream, api_key: 'a-key-of-the-bench' };
  const models = { model_list: [{ model_name: MODEL, litellm_params: params }] };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(models));
  return {
    program: LITELLM_PROGRAM,
    args: ['--config', config, '--host', '127.0.0.1', '--port', `${port}`, '--telemetry', 'False'],
    // Its table of prices would be fetched from the internet.
    env: { LITELLM_MASTER_KEY: LITELLM_KEY, LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
  };
}

export const GATEWAYS: readonly Subject[] = [
  {
    name: 'portkey',
    label: 'Portkey gateway, no telemetry',
    kind: 'gateway',
    // Its stream of the Messages API is a 500 on Node 24: it changes headers that `fetch` has made immutable.
    extras: ['delay'],
    version: () => `${PORTKEY} ${packageVersion(PORTKEY)}`,
    start: portkey,
    lacking: () =>
      packageFolder(PORTKEY) ? undefined : `${PORTKEY} could not be fetched from npm`,
  },
  {
    name: 'litellm',
    label: 'LiteLLM proxy, no telemetry',
    kind: 'gateway',
    extras: [],
    version: () => `litellm ${LITELLM_VERSION}`,
    start: litellm,
    lacking: () =>
      existsSync(LITELLM_PROGRAM)
        ? undefined
        : 'litellm could not be fetched from PyPI (it needs Python 3)',
  },
];

/** What a run names beside its figures. */
export const NOT_MEASURED = [
  {
    name: 'Bifrost',
    reason:
      'it cannot be fetched by `make bench`: the Go module proxy does not serve its modules, and its npm package (1.6.3) is a loader without the program, which it downloads from a host of its maker',
  },
] as const;
