/** The service of a game day: a process at addresses that stay the same when it is started again. */
import {
  freePort,
  type ServiceProcess,
  startService,
  type TuningOverrides,
} from '../../app/testing/service-process.ts';
import { endWithUs } from '../lib/children.ts';

type Env = Readonly<Record<string, string>>;

export class Service {
  readonly #env: Env;
  readonly #tuning: TuningOverrides;
  readonly url: string;
  /** Host and port of `/metrics`, which Prometheus makes the label `instance` of. */
  readonly metrics: string;
  #process: ServiceProcess | undefined;

  private constructor(ports: readonly [number, number], env: Env, tuning: TuningOverrides) {
    const [port, metricsPort] = ports;
    this.url = `http://127.0.0.1:${port}`;
    this.metrics = `127.0.0.1:${metricsPort}`;
    this.#env = { ...env, PORT: String(port), METRICS_PORT: String(metricsPort) };
    this.#tuning = tuning;
  }

  /** Starts it on ports that are free now. */
  static async start(env: Env, tuning: TuningOverrides): Promise<Service> {
    const service = new Service([await freePort(), await freePort()], env, tuning);
    await service.begin();
    return service;
  }

  /** Starts it again. @param changed settings that are different from now on */
  async begin(changed: Env = {}): Promise<void> {
    this.#process = await startService({ ...this.#env, ...changed }, this.#tuning);
    endWithUs(this.#process.child);
  }

  /** @throws {Error} while it does not run */
  get process(): ServiceProcess {
    if (!this.#process) throw new Error('the service does not run');
    return this.#process;
  }

  /** Ends it; SIGKILL cuts whatever it does. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const ending = this.#process;
    this.#process = undefined;
    ending?.child.kill(signal);
    await ending?.stop();
  }
}
