/** What has been seen of each alert, by its whole label set: when it fired, who was told, what silenced it. */
import type { Notification } from '../../observability/alertmanager/receiver.ts';
import type { Labels } from './game-day.ts';
import type { ActiveAlert, RoutedAlert } from './prometheus-api.ts';

/** It always fires. */
export const ALWAYS = 'Watchdog';

/** A time in which an alert fired, milliseconds since the epoch; it fires still where there is no end. */
export interface Period {
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** One notification about an alert. */
export interface Told {
  readonly receiver: string;
  readonly isFiring: boolean;
  readonly atMs: number;
}

/** An alert that silenced another. */
export interface Silencer {
  readonly alert: string;
  /** The key of its sighting. */
  readonly key: string;
}

/** What became of one alert, which is one set of labels. */
export interface Sighting {
  readonly key: string;
  readonly labels: Labels;
  /** Whether its expression holds, though perhaps not for long enough yet. */
  readonly isActive: boolean;
  readonly periods: readonly Period[];
  /** In the order in which they came. */
  readonly told: readonly Told[];
  readonly silencers: readonly Silencer[];
  /** Whom Alertmanager would tell. */
  readonly routes: ReadonlySet<string>;
}

interface Kept extends Sighting {
  isActive: boolean;
  readonly periods: Period[];
  told: readonly Told[];
  readonly silencers: Silencer[];
  readonly routes: Set<string>;
}

/** Prometheus and Alertmanager write the same labels in different orders. */
export const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels).toSorted());

export const nameOf = ({ labels }: { readonly labels: Labels }): string =>
  labels['alertname'] ?? '';

export class Sightings {
  readonly #kept = new Map<string, Kept>();

  all(): readonly Sighting[] {
    return [...this.#kept.values()];
  }

  /** Forgets everything. */
  forget(): void {
    this.#kept.clear();
  }

  /**
   * Takes in all that Prometheus has at a time.
   * @param waitsMs the `for` of each alert, by its name: with it the time at which it fired is exact, as a poll is not
   */
  readPrometheus(
    alerts: readonly ActiveAlert[],
    nowMs: number,
    waitsMs: ReadonlyMap<string, number>,
  ): void {
    const active = new Map(alerts.map((alert) => [keyOf(alert.labels), alert]));
    for (const [key, alert] of active) {
      if (nameOf(alert) !== ALWAYS && !this.#kept.has(key))
        this.#kept.set(key, sighted(key, alert));
    }
    for (const [key, seen] of this.#kept) {
      const alert = active.get(key);
      seen.isActive = alert !== undefined;
      const last = seen.periods.at(-1);
      const isOpen = last !== undefined && last.untilMs === undefined;
      if (alert?.state === 'firing' && !isOpen) {
        const dueMs = Date.parse(alert.activeAt) + (waitsMs.get(nameOf(alert)) ?? 0);
        seen.periods.push({ fromMs: Math.min(nowMs, dueMs) });
      } else if (alert?.state !== 'firing' && isOpen) {
        seen.periods[seen.periods.length - 1] = { ...last, untilMs: nowMs };
      }
    }
  }

  /** Takes in what Alertmanager does with the alerts that it has. */
  readAlertmanager(alerts: readonly RoutedAlert[]): void {
    const byFingerprint = new Map(alerts.map((alert) => [alert.fingerprint, alert]));
    for (const { labels, receivers, status } of alerts) {
      const seen = this.#kept.get(keyOf(labels));
      if (!seen) continue;
      for (const { name } of receivers) seen.routes.add(name);
      for (const fingerprint of status.inhibitedBy) {
        const source = byFingerprint.get(fingerprint);
        // It came after the list was made and before the status was; the next poll has it.
        if (!source) continue;
        const key = keyOf(source.labels);
        if (seen.silencers.some((silencer) => silencer.key === key)) continue;
        seen.silencers.push({ alert: nameOf(source), key });
      }
    }
  }

  /** Takes in all that the webhook was told since a time, newest first as it gives them. */
  readWebhook(notifications: readonly Notification[], sinceMs: number): void {
    const told = new Map<string, Told[]>();
    for (const { receivedAt, receiver, alerts } of notifications.toReversed()) {
      const atMs = Date.parse(receivedAt);
      if (atMs < sinceMs) continue;
      for (const { status, labels } of alerts) {
        const key = keyOf(labels);
        told.set(key, [
          ...(told.get(key) ?? []),
          { receiver, isFiring: status === 'firing', atMs },
        ]);
      }
    }
    for (const [key, seen] of this.#kept) seen.told = told.get(key) ?? [];
  }
}

function sighted(key: string, { labels }: ActiveAlert): Kept {
  return { key, labels, isActive: true, periods: [], told: [], silencers: [], routes: new Set() };
}
