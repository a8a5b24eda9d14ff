/** The receiver of notifications, which a fault can take away. */
import { type Receiver, startReceiver } from '../../observability/alertmanager/receiver.ts';

/** Where Alertmanager sends everything; what it was told before it was away stays. */
export class Webhook {
  readonly #port: number;
  #receiver: Receiver | undefined;
  readonly #before: Receiver[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    this.#receiver = await startReceiver({ port: this.#port });
  }

  async close(): Promise<void> {
    await this.#receiver?.close();
    if (this.#receiver) this.#before.push(this.#receiver);
    this.#receiver = undefined;
  }

  /** Newest first. */
  notifications(): ReturnType<Receiver['notifications']> {
    const receivers = [this.#receiver, ...this.#before.toReversed()];
    return receivers.flatMap((receiver) => receiver?.notifications() ?? []);
  }

  watchdogAt(): string | undefined {
    return this.#receiver?.watchdogAt();
  }
}
