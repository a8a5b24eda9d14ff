/** The service of a game day: a process at addresses that stay the same when it is started again. */
import type { ChildProcess } from 'node:child_process';
import {
  freePort,
  listening,
  type ServiceProcess,
  spawnService,
  type TuningOverrides,
} from '../../app/testing/service-process.ts';
import { endChild, endWithUs } from '../lib/children.ts';

type Env = Readonly<Record<string, string>>;

export class Service {
  readonly #env: Env;
  readonly #tuning: TuningOverrides;
  readonly url: string;
  /** Host and port of `/metrics`, which Prometheus makes the label `instance` of. */
  readonly metrics: string;
  /** It is there before it listens, so that it can be ended then too. */
  #child: ChildProcess | undefined;
  #process: ServiceProcess | undefined;

  private constructor(ports: readonly [number, number], env: Env, tuning: TuningOverrides) {
    const [port, metricsPort] = ports;
    this.url = `http://127.0.0.1:${port}`;
    this.metrics = `127.0.0.1:${metricsPort}`;
    this.#env = { ...env, PORT: String(port), METRICS_PORT: String(metricsPort) };
    this.#tuning = tuning;
  }

  /** It does not run yet. @returns it, with ports that are free now */
  static async onFreePorts(env: Env, tuning: TuningOverrides): Promise<Service> {
    return new Service([await freePort(), await freePort()], env, tuning);
  }

  /** Starts it, also again. @param changed settings that are different from now on */
  async begin(changed: Env = {}): Promise<void> {
    const child = spawnService({ ...this.#env, ...changed }, this.#tuning);
    endWithUs(child);
    this.#child = child;
    this.#process = await listening(child);
  }

  /** @throws {Error} while it does not run */
  get process(): ServiceProcess {
    if (!this.#process) throw new Error('the service does not run');
    return this.#process;
  }

  /** Ends it; SIGKILL cuts whatever it does. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const ending = this.#child;
    this.#child = undefined;
    this.#process = undefined;
    if (ending) await endChild(ending, signal);
  }
}
