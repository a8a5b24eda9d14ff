/** Chooses who makes the load: k6 where there is one that can reach the service, otherwise the driver in Node. */
import { spawnSync } from 'node:child_process';
import { urlOf } from '../observability/local/components.ts';
import { findK6 } from '../observability/local/paths.ts';
import type { Settings } from '../observability/local/settings.ts';
import type { Env, LoadSettings } from './scenarios/settings.ts';

export interface Driver {
  readonly name: 'k6' | 'node';
  /** k6's; undefined takes the image of the stack. */
  readonly program?: string;
  /** What k6's container gets in place of addresses that only this machine knows. */
  readonly addresses?: Env;
  /** Why it is this one, where one may have expected another. */
  readonly notes: readonly string[];
}

/** The script is written for this version of k6. */
const K6_MAJOR = 2;

const HOW_TO_GET_K6 =
  'To have it made by k6: put k6 v2 on PATH, build it with `make k6`, or start the stack by Docker Compose.';

type Stack = Pick<Settings, 'running' | 'ports'>;

export function chooseDriver(load: LoadSettings, stack: Stack, program = findK6()): Driver {
  const problem = program === undefined ? undefined : versionProblem(program);
  if (program !== undefined && problem === undefined) return { name: 'k6', program, notes: [] };
  const notes = problem === undefined ? [] : [problem];
  if (stack.running?.mode !== 'compose') {
    return { name: 'node', notes: [...notes, HOW_TO_GET_K6] };
  }
  const addresses = addressesInside(load, stack);
  if (typeof addresses !== 'string') return { name: 'k6', addresses, notes };
  const note = `The image of k6 is not taken: in its container ${addresses} would be the container itself.`;
  return { name: 'node', notes: [...notes, note] };
}

/** @returns why a k6 is not taken. One that cannot be run is: the run then says so. */
function versionProblem(program: string): string | undefined {
  const { error, stdout } = spawnSync(program, ['version'], { encoding: 'utf8', timeout: 10_000 });
  if (error) return undefined;
  const [, version, major] = /^k6\S* v((\d+)\.\S+)/.exec(stdout) ?? [];
  if (Number(major) === K6_MAJOR) return undefined;
  const found = version === undefined ? 'does not tell its version' : `is k6 v${version}`;
  return `${program} is not taken: it ${found}, and the script needs v${K6_MAJOR}.`;
}

/**
 * The service and the simulator of the stack have names in its network, which the compose file gives where none is set.
 * @returns the address that cannot be reached from a container, as a text; otherwise the variables
 */
function addressesInside({ target, simulator, scenario }: LoadSettings, { ports }: Stack) {
  const inside = (url: string, own: string) =>
    isLoopback(url) ? (isSame(url, own) ? '' : undefined) : url;
  const TARGET = inside(target, urlOf('PORT', ports));
  if (TARGET === undefined) return target;
  const SIMULATOR = inside(simulator, urlOf('SIMULATOR_PORT', ports));
  if (SIMULATOR === undefined && scenario.faults.length > 0) return simulator;
  return { TARGET, SIMULATOR };
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return /^(?:127\.[\d.]+|0\.0\.0\.0|\[::1?\]|(?:.+\.)?localhost\.?)$/.test(hostname);
}

/** Both are on this machine's loopback. */
function isSame(url: string, own: string): boolean {
  const [a, b] = [new URL(url), new URL(own)];
  return a.protocol === b.protocol && a.port === b.port && a.pathname === b.pathname;
}
