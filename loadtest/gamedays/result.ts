/** How a game day went that was played. */
import type { AlertResult } from './alert-result.ts';
import type { GameDay } from './game-day.ts';
import type { Tally } from './traffic.ts';

/** What a try has seen. */
export interface Seen {
  readonly day: GameDay;
  /** How calls ended while the fault was on. */
  readonly calls: Tally;
  /** Calls that had not ended when the fault went. */
  readonly waiting: number;
  readonly alerts: readonly AlertResult[];
  /** Companions that fired. */
  readonly besides: readonly string[];
  /** Alerts that should not have fired and did. */
  readonly unexpected: readonly string[];
  /** Why the game day is lost, one line or more each; empty when it is won. */
  readonly problems: readonly string[];
}

/** What a try has seen, and whether it counts. */
export interface Result extends Seen {
  /** How late this process’s own timers were in their worst seconds, milliseconds: a busy machine makes all slow. */
  readonly latenessMs: number;
  /** Results that do not count because this machine was too busy to keep time. */
  readonly earlier: readonly Result[];
}
