/** What was seen is kept by label set: when each alert fired to the evaluation, who was told of it, what silenced it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActiveAlert } from './prometheus-api.ts';
import { keyOf, Sightings } from './sightings.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => T0 + seconds * 1_000;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();

const alert = (
  state: ActiveAlert['state'],
  labels: Readonly<Record<string, string>> = {},
): ActiveAlert => ({
  state,
  activeAt: iso(0),
  labels: { alertname: 'KeyRejected', ...labels },
});
const WAITS = new Map([['KeyRejected', 2_000]]);

test('an alert fired when it had been active for its wait, however late the poll, and ended at the first poll without it', () => {
  const sightings = new Sightings();
  sightings.readPrometheus([alert('pending')], at(1), WAITS);
  assert.deepEqual(sightings.all()[0]?.periods, []);
  assert.equal(sightings.all()[0]?.isActive, true);
  sightings.readPrometheus([alert('firing')], at(2.4), WAITS);
  sightings.readPrometheus([alert('firing')], at(3), WAITS);
  assert.deepEqual(sightings.all()[0]?.periods, [{ fromMs: at(2) }]);
  sightings.readPrometheus([], at(9), WAITS);
  assert.deepEqual(sightings.all()[0]?.periods, [{ fromMs: at(2), untilMs: at(9) }]);
  assert.equal(sightings.all()[0]?.isActive, false);
});

test('an alert that fires again has a period more', () => {
  const sightings = new Sightings();
  sightings.readPrometheus([alert('firing')], at(2), WAITS);
  sightings.readPrometheus([alert('pending')], at(3), WAITS);
  sightings.readPrometheus([{ ...alert('firing'), activeAt: iso(3) }], at(6), WAITS);
  assert.deepEqual(sightings.all()[0]?.periods, [
    { fromMs: at(2), untilMs: at(3) },
    { fromMs: at(5) },
  ]);
});

test('alerts of one name with other labels are others, the order of labels says nothing, and the Watchdog is none', () => {
  const sightings = new Sightings();
  const alerts = [alert('firing', { a: '1', b: '2' }), alert('firing', { a: '1', b: '3' })];
  sightings.readPrometheus([...alerts, alert('firing', { alertname: 'Watchdog' })], at(2), WAITS);
  assert.equal(sightings.all().length, 2);
  assert.equal(keyOf({ b: '2', a: '1' }), keyOf({ a: '1', b: '2' }));
});

test('what silences an alert is named by its own labels, once, also when it is the Watchdog', () => {
  const sightings = new Sightings();
  sightings.readPrometheus([alert('firing')], at(2), WAITS);
  const routed = (alertname: string, inhibitedBy: readonly string[]) => ({
    labels: { alertname },
    fingerprint: `of ${alertname}`,
    status: { inhibitedBy },
    receivers: [{ name: 'claude-tickets' }],
  });
  const all = [routed('KeyRejected', ['of Watchdog']), routed('Watchdog', [])];
  sightings.readAlertmanager(all);
  sightings.readAlertmanager(all);
  const [seen] = sightings.all();
  assert.deepEqual(seen?.silencers, [{ alert: 'Watchdog', key: keyOf({ alertname: 'Watchdog' }) }]);
  assert.deepEqual([...(seen?.routes ?? [])], ['claude-tickets']);
});

test('what silences an alert and is not in the list yet is left to the next poll, which has its name', () => {
  const sightings = new Sightings();
  sightings.readPrometheus([alert('firing')], at(2), WAITS);
  const silenced = {
    labels: { alertname: 'KeyRejected' },
    fingerprint: 'of KeyRejected',
    status: { inhibitedBy: ['of AllFailing'] },
    receivers: [],
  };
  const source = {
    labels: { alertname: 'AllFailing' },
    fingerprint: 'of AllFailing',
    status: { inhibitedBy: [] },
    receivers: [],
  };
  sightings.readAlertmanager([silenced]);
  assert.deepEqual(sightings.all()[0]?.silencers, []);
  sightings.readAlertmanager([silenced, source]);
  assert.deepEqual(
    sightings.all()[0]?.silencers.map((each) => each.alert),
    ['AllFailing'],
  );
});

test('notifications count once each, in their order, from the time since which they are asked', () => {
  const sightings = new Sightings();
  sightings.readPrometheus([alert('firing')], at(2), WAITS);
  const notification = (seconds: number, status: 'firing' | 'resolved') => ({
    receivedAt: iso(seconds),
    receiver: 'claude-tickets',
    status,
    alerts: [{ status, labels: { alertname: 'KeyRejected' }, annotations: {}, startsAt: iso(0) }],
  });
  const newestFirst = [
    notification(9, 'resolved'),
    notification(3, 'firing'),
    notification(1, 'firing'),
  ];
  sightings.readWebhook(newestFirst, at(2));
  sightings.readWebhook(newestFirst, at(2));
  assert.deepEqual(
    sightings.all()[0]?.told.map(({ isFiring, atMs }) => [isFiring, atMs]),
    [
      [true, at(3)],
      [false, at(9)],
    ],
  );
});
