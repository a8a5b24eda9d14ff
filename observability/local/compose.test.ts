/** docker-compose.yml and the Dockerfile are hardened and bounded, and agree with the code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { FORMER_SETTINGS, settingsSchema } from '../../app/config/settings.ts';
import { CUT_GRACE_MS } from '../../app/http/stop.ts';
import { DEFAULT_KEY } from '../../loadtest/simulator/server.ts';
import { serviceEnv } from './backends.ts';
import { COMPONENT_NAMES, DEFAULT_PORTS } from './components.ts';
import { ROOT } from './paths.ts';
import { ALERTMANAGER_VERSION } from './tools.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly environment?: Readonly<Record<string, string | number | null>>;
  readonly volumes?: readonly string[];
  readonly user?: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly command?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const dockerfile = read('Dockerfile');
const services = Object.entries(compose.services);
const permanent = services.filter(([, { profiles }]) => !profiles);

/** What the README asks for, in decimal bytes. */
const MEMORY_BYTES = 2.8e9;
const MIB = 2 ** 20;

function hasCompose(): boolean {
  return spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0;
}

test('compose: docker compose accepts the file', {
  skip: hasCompose() ? false : 'no docker compose here',
}, () => {
  const args = ['compose', '--env-file', '/dev/null', '--file', 'docker-compose.yml'];
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const options = { cwd: ROOT, env, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(
    'docker',
    [...args, '--profile', 'load', 'config', '--quiet'],
    options,
  );
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
});

describe('compose: every service', () => {
  for (const [name, service] of services) {
    test(`${name} is read-only, has no capabilities and no root, and its memory is bounded`, () => {
      assert.equal(service.read_only, true);
      assert.deepEqual(service.cap_drop, ['ALL']);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
      assert.match(service.mem_limit, /^\d+m$/);
      const ours = service.build && dockerfile.includes('USER node');
      // The image of k6 sets its own user, 12345.
      assert(ours || name === 'k6' || /^[1-9]\d*:\d+$/.test(service.user ?? ''), 'it has no user');
    });

    test(`${name} has an image of an exact version, or is built here`, () => {
      if (service.build) return assert(dockerfile.includes(` AS ${service.build.target}\n`));
      assert.match(service.image, /^[a-z0-9/-]+:v?\d+\.\d+\.\d+$/);
    });

    test(`${name} cannot write what is mounted from the project`, () => {
      for (const volume of service.volumes ?? []) {
        if (volume.startsWith('.')) assert(volume.endsWith(':ro'), volume);
        else assert(Object.hasOwn(compose.volumes, volume.split(':')[0] ?? ''), volume);
      }
    });

    test(`${name} publishes ports on loopback only, each with its variable and the default of the code`, () => {
      for (const port of service.ports ?? []) {
        const [, variable = '', byDefault] =
          /^127\.0\.0\.1:\$\{(\w+):-(\d+)\}:\d+$/.exec(port) ?? assert.fail(port);
        assert.equal(
          Number(byDefault),
          DEFAULT_PORTS[variable as keyof typeof DEFAULT_PORTS],
          port,
        );
      }
    });
  }
});

test('compose: all ports of the code are published, and .env.example names them', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports).join(' ');
  const example = read('.env.example');
  for (const [variable, port] of Object.entries(DEFAULT_PORTS)) {
    assert(published.includes(`\${${variable}:-${port}}`), variable);
    assert(example.includes(`#${variable}=${port}\n`), `.env.example: ${variable}`);
  }
});

test('README: it shows the default ports', () => {
  const readme = read('README.md');
  for (const port of Object.values(DEFAULT_PORTS)) assert(readme.includes(`:${port}`), `${port}`);
});

test('compose: the memory limits sum to less than 2.8 GB, as the README says', () => {
  const sum = permanent.reduce((total, [, s]) => total + Number.parseInt(s.mem_limit, 10) * MIB, 0);
  assert(sum < MEMORY_BYTES, `${sum / MIB} MiB`);
  assert(read('README.md').includes(`${MEMORY_BYTES / 1e9} GB of memory`));
});

test('compose: a Go program is given four fifths of its memory limit, so its collector starts in time', () => {
  // Grafana shares its limit with its plugins, which are processes without this variable.
  const shareOf = (name: string) => (name === 'grafana' ? 0.5 : 0.8);
  for (const [name, { environment = {}, mem_limit }] of services) {
    const goLimit = environment['GOMEMLIMIT'];
    if (goLimit === undefined) continue;
    const share = Number.parseInt(String(goLimit), 10) / Number.parseInt(mem_limit, 10);
    assert(Math.abs(share - shareOf(name)) < 0.06, `${name}: ${share}`);
  }
});

test('compose: the services are the components of `make up`, except for the span store of the other stack', () => {
  const expected = COMPONENT_NAMES.filter((name) => name !== 'span-store');
  assert.deepEqual(permanent.map(([name]) => name).toSorted(), expected.toSorted());
});

test('compose: every setting of .env and of the shell can reach the service', () => {
  const { env_file, environment = {} } = compose.services['service'] ?? assert.fail();
  assert.deepEqual(env_file, [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of compose
    { path: '${ENV_FILE:-.env}', required: false },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of compose
    { path: '${RUN_DIR:-.run}/service.env', required: false },
  ]);
  // What compose sets itself goes before both files, so each of these is fixed or passed on.
  const fixed = ['HOST', 'PORT', 'METRICS_HOST', 'METRICS_PORT'];
  for (const [name, value] of Object.entries(environment)) {
    assert(fixed.includes(name) || String(value).includes(`\${${name}:-`), name);
  }
  assert(
    String(compose.services['service']?.environment?.['CLAUDE_API_KEY']).includes(DEFAULT_KEY),
  );
});

test('compose: the settings of the shell reach the service as a file, what is not set stays out', () => {
  const shell = {
    LOG_LEVEL: 'debug',
    CLAUDE_MODELS: '',
    CALLERS: `[{"name":"a's","keys":"env:EU_KEY"}]`,
    EU_KEY: 'key $of \\"eu"\'s',
    HOME: '/home/x',
  };
  const secrets = { EU_KEY: shell.EU_KEY, VAULT_TOKEN: 'of .env' };
  assert.deepEqual(serviceEnv({ shell, secrets }).split('\n').toSorted(), [
    '',
    `CALLERS="[{\\"name\\":\\"a's\\",\\"keys\\":\\"env:EU_KEY\\"}]"`,
    "CLAUDE_MODELS=''",
    `EU_KEY="key \\$of \\\\\\"eu\\"'s"`,
    "LOG_LEVEL='debug'",
  ]);
});

test('compose: settings that no longer exist and those of OpenTelemetry reach the service too, for it to warn of and to obey', () => {
  const former = Object.fromEntries(Object.keys(FORMER_SETTINGS).map((name) => [name, '1']));
  const telemetry = { OTEL_SERVICE_NAME: 'a', OTEL_BSP_MAX_QUEUE_SIZE: '5' };
  const shell = { ...former, ...telemetry, OTELL_X: '1', PATH: '/bin', HOME: '/home/x' };
  const lines = serviceEnv({ shell, secrets: {} }).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.split('=')[0]).toSorted(),
    Object.keys({ ...former, ...telemetry }).toSorted(),
  );
});

test('compose: docker stop waits longer than the service takes to finish the calls in flight', () => {
  const grace = Number.parseInt(compose.services['service']?.stop_grace_period ?? '', 10) * 1000;
  const { DRAIN_DELAY_MS, SHUTDOWN_TIMEOUT_MS } = settingsSchema.parse({});
  // Errors of cut calls, the last spans and the last lines: see stop.ts and main.ts.
  const limits = DRAIN_DELAY_MS + SHUTDOWN_TIMEOUT_MS + CUT_GRACE_MS + 5_000 + 1_000;
  assert(grace > limits, `${grace} ms`);
});

test('compose: Prometheus keeps the data of 30-day windows', () => {
  assert(compose.services['prometheus']?.command?.includes('--storage.tsdb.retention.time=31d'));
});

test('compose: a program of another project is asked for its health by a program of its own image', () => {
  const programs = Object.fromEntries(
    services.flatMap(([name, { build, healthcheck }]) => {
      if (build || !healthcheck) return [];
      const [how, program] = healthcheck.test;
      assert.equal(how, 'CMD', name);
      return [[name, program]];
    }),
  );
  assert.deepEqual(programs, {
    tempo: '/tempo',
    loki: '/usr/bin/loki',
    prometheus: '/bin/promtool',
    alertmanager: '/bin/amtool',
    // Grafana's image is an Alpine, whose busybox has wget.
    grafana: 'wget',
  });
});

test('Dockerfile: the images have the Node that the tests run under', () => {
  const { devDependencies } = JSON.parse(read('package.json'));
  assert(dockerfile.includes(`NODE_IMAGE=node:${devDependencies.node}-`));
});

test('compose: k6 gets every option of a load test, and no value of a token stands in the file', () => {
  const { environment = {}, volumes = [] } = compose.services['k6'] ?? {};
  for (const name of ['SCENARIO', 'RATE', 'DURATION', 'TOKEN', 'ALLOW_PAID_LOAD', 'RESULT']) {
    assert.equal(environment[name], null, name);
  }
  assert.match(String(environment['TARGET']), /:-http:\/\/service:8080\}$/);
  assert.match(String(environment['SIMULATOR']), /:-http:\/\/simulator:8081\}$/);
  // What the script imports, and nothing else of the project.
  assert.deepEqual(volumes, [
    ...['./loadtest:/src/loadtest:ro', './observability/slo.ts:/src/observability/slo.ts:ro'],
  ]);
});

test('compose: a program has the same version whichever way it runs', () => {
  const tag = (name: string) => compose.services[name]?.image.split(':')[1];
  const { devDependencies } = JSON.parse(read('package.json'));
  assert.equal(tag('alertmanager'), `v${ALERTMANAGER_VERSION}`);
  assert.equal(tag('k6'), devDependencies['@types/k6']);
  const modules = read('observability/collector/builder.yaml').match(/ v\d[\d.]*$/gm) ?? [];
  assert(modules.length > 0);
  assert.deepEqual([...new Set(modules)], [` v${tag('collector')}`]);
});
