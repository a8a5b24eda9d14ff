/** Every game day, in the order in which they are played. */
import type { GameDay } from '../game-day.ts';
import { ANSWER_DAYS } from './answers.ts';
import { COLLECTOR_DAYS } from './collector.ts';
import { KEY_DAYS } from './keys.ts';
import { MONITORING_DAYS } from './monitoring.ts';
import { SLOW_DAYS } from './slowness.ts';
import { TELEMETRY_DAYS } from './telemetry.ts';
import { UPSTREAM_DAYS } from './upstream.ts';

export const GAME_DAYS: readonly GameDay[] = [
  ...UPSTREAM_DAYS,
  ...SLOW_DAYS,
  ...KEY_DAYS,
  ...ANSWER_DAYS,
  ...TELEMETRY_DAYS,
  ...COLLECTOR_DAYS,
  ...MONITORING_DAYS,
];
