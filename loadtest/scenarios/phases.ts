/** Builds the phases of scenarios, one after the other. */
import type { CallShare, Phase, Stage } from './scenario.ts';

/** The cheapest model, which answers wherever the scenario is not about models. */
export const CHEAPEST = 'claude-haiku-5-5';

/** Both forms of an answer, in turn. */
export const BOTH_FORMS: readonly CallShare[] = [
  { kind: 'complete', weight: 1 },
  { kind: 'streaming', weight: 1 },
];

/** What a phase is, without the time at which it starts. */
export type PhaseShape = Omit<Phase, 'startS'>;

/** The calls of a phase. */
export interface Shape {
  readonly calls: readonly CallShare[];
  readonly models?: readonly string[];
  /** How long a call may take, by which the calls in flight are reckoned; default twice the latency objective. */
  readonly callS?: number;
}

/**
 * Little's law: at this rate so many calls are in flight when each takes `callS`. More are not begun, because a driver
 * that piles up calls without limit runs out of memory before it tells anything.
 */
function inFlight(perSecond: number, callS = 1): number {
  return Math.max(10, Math.ceil(perSecond * callS));
}

/** A phase with a constant rate. @param perSecond a whole number, as k6 takes no other */
export function steady(name: string, perSecond: number, seconds: number, shape: Shape): PhaseShape {
  const { calls, models = [CHEAPEST], callS } = shape;
  const stages: readonly Stage[] = [{ seconds, perSecond }];
  const maxInFlight = inFlight(perSecond, callS);
  return { name, fromPerSecond: perSecond, stages, calls, models, maxInFlight, counted: true };
}

/**
 * Connections are opened and code is compiled in these seconds: the rate rises to that of the phase that follows, and
 * nothing of it is in the figures.
 */
export function warmUp(perSecond: number, seconds: number, shape: Shape): PhaseShape {
  const phase = steady('warm_up', perSecond, seconds, shape);
  return { ...phase, fromPerSecond: 1, counted: false };
}

/** A stretch between two phases, in which what the first has left behind may end. It is not in the figures. */
export function settle(name: string, perSecond: number, seconds: number, shape: Shape): PhaseShape {
  return { ...steady(name, perSecond, seconds, shape), counted: false };
}

/** @returns a share of the measured time, in whole seconds */
export function partOf(seconds: number, parts: number): number {
  return Math.max(1, Math.round(seconds / parts));
}

/** @returns the phases, each of which starts when the one before ends */
export function inOrder(shapes: readonly PhaseShape[]): readonly Phase[] {
  let startS = 0;
  return shapes.map((shape) => {
    const phase = { ...shape, startS };
    startS += shape.stages.reduce((sum, { seconds }) => sum + seconds, 0);
    return phase;
  });
}

/** @returns the phase of this name @throws {RangeError} if there is none */
export function phaseNamed(phases: readonly Phase[], name: string): Phase {
  const found = phases.find((phase) => phase.name === name);
  if (!found) throw new RangeError(`no phase ${name}`);
  return found;
}
