/** Watches the real Prometheus, Alertmanager and webhook, and keeps when each alert fired, was told of and cleared. */
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from './game-day.ts';
import { activeAlerts, routedAlerts } from './prometheus-api.ts';

const POLL_MS = 200;
/** It always fires. */
const ALWAYS = 'Watchdog';

/** The receiver of alertmanager.yml that has no integration: what it gets nobody is told. */
export const NOBODY = 'claude-nobody';

/** Whom Alertmanager has to tell of an alert of ours, by its severity; all others are told to nobody. */
export const RECEIVERS: Readonly<Record<string, string>> = {
  page: 'claude-pager',
  ticket: 'claude-tickets',
};

/** What became of an alert; times are milliseconds since the epoch. */
export interface Sighting {
  severity?: string;
  firedAtMs?: number;
  /** When it was last seen to fire; it may fire still. */
  lastFiredMs?: number;
  isFiring: boolean;
  /** Whether its expression holds, though perhaps not for long enough yet. */
  isActive: boolean;
  /** The first notification that it fires, and whom it told. */
  toldAtMs?: number;
  receiver?: string;
  lastToldMs?: number;
  resolvedAtMs?: number;
  /** Alerts that silenced it. */
  readonly inhibitedBy: Set<string>;
  /** Whom Alertmanager would tell. */
  readonly routes: Set<string>;
}

export class AlertWatch {
  readonly #world: World;
  readonly #sightings = new Map<string, Sighting>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  /** Notifications from before do not count. */
  #sinceMs = Date.now();

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    this.#loop = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Forgets all that was seen so far. */
  forget(): void {
    this.#sightings.clear();
    this.#sinceMs = Date.now();
  }

  /** What was seen, by the alert's name. */
  sightings(): ReadonlyMap<string, Sighting> {
    return this.#sightings;
  }

  of(alert: string): Sighting {
    const seen = this.#sightings.get(alert) ?? {
      isFiring: false,
      isActive: false,
      inhibitedBy: new Set<string>(),
      routes: new Set<string>(),
    };
    this.#sightings.set(alert, seen);
    return seen;
  }

  async #poll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // A fault may have taken either away.
      await this.#readPrometheus().catch(() => undefined);
      await this.#readAlertmanager().catch(() => undefined);
      this.#readWebhook();
      await delay(POLL_MS);
    }
  }

  async #readPrometheus(): Promise<void> {
    const alerts = await activeAlerts(this.#world.prometheus.url);
    const now = Date.now();
    for (const seen of this.#sightings.values()) {
      seen.isFiring = false;
      seen.isActive = false;
    }
    for (const { state, labels } of alerts) {
      const alert = labels['alertname'] ?? '';
      if (alert === ALWAYS) continue;
      const seen = this.of(alert);
      seen.isActive = true;
      seen.severity = labels['severity'] ?? '';
      if (state === 'pending') continue;
      seen.firedAtMs ??= now;
      seen.lastFiredMs = now;
      seen.isFiring = true;
    }
  }

  async #readAlertmanager(): Promise<void> {
    const alerts = await routedAlerts(this.#world.alertmanager.url);
    const names = new Map(alerts.map((each) => [each.fingerprint, each.labels['alertname'] ?? '']));
    for (const { labels, receivers, status } of alerts) {
      const seen = this.#sightings.get(labels['alertname'] ?? '');
      if (!seen) continue;
      for (const { name } of receivers) seen.routes.add(name);
      for (const source of status.inhibitedBy) seen.inhibitedBy.add(names.get(source) ?? source);
    }
  }

  #readWebhook(): void {
    for (const { receivedAt, receiver, alerts } of this.#world.receiver
      .notifications()
      .toReversed()) {
      const atMs = Date.parse(receivedAt);
      if (atMs < this.#sinceMs) continue;
      for (const { status, labels } of alerts) {
        const seen = this.#sightings.get(labels['alertname'] ?? '');
        if (!seen) continue;
        if (status === 'firing') {
          seen.toldAtMs ??= atMs;
          seen.receiver ??= receiver;
          seen.lastToldMs = atMs;
        } else if (seen.toldAtMs !== undefined) seen.resolvedAtMs = atMs;
      }
    }
  }
}
