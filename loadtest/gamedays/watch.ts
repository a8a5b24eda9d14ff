/** Asks the real Prometheus, Alertmanager and webhook again and again what they have, until it is stopped. */
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from './game-day.ts';
import { activeAlerts, routedAlerts, waitsOf } from './prometheus-api.ts';
import { type Sighting, Sightings } from './sightings.ts';

const POLL_MS = 200;

export class AlertWatch {
  readonly #world: World;
  readonly #sightings = new Sightings();
  readonly #stopping = new AbortController();
  #waitsMs: ReadonlyMap<string, number> = new Map();
  #loop: Promise<void> | undefined;
  /** Notifications from before do not count. */
  #sinceMs = Date.now();

  constructor(world: World) {
    this.#world = world;
  }

  /** @throws {Error} when Prometheus does not answer */
  async start(): Promise<void> {
    this.#waitsMs = await waitsOf(this.#world.prometheus.url);
    this.#loop = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Forgets all that was seen so far. */
  forget(): void {
    this.#sightings.forget();
    this.#sinceMs = Date.now();
  }

  sightings(): readonly Sighting[] {
    return this.#sightings.all();
  }

  async #poll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // A fault may have taken either away.
      await this.#readPrometheus().catch(() => undefined);
      await this.#readAlertmanager().catch(() => undefined);
      this.#sightings.readWebhook(this.#world.receiver.notifications(), this.#sinceMs);
      await delay(POLL_MS);
    }
  }

  async #readPrometheus(): Promise<void> {
    const alerts = await activeAlerts(this.#world.prometheus.url);
    this.#sightings.readPrometheus(alerts, Date.now(), this.#waitsMs);
  }

  async #readAlertmanager(): Promise<void> {
    this.#sightings.readAlertmanager(await routedAlerts(this.#world.alertmanager.url));
  }
}
