/** Every scenario by its name. */
import { batch } from './batch.ts';
import { breakpoint } from './breakpoint.ts';
import { chaos } from './chaos.ts';
import { load } from './load.ts';
import { mixed } from './mixed.ts';
import type { ScenarioOf } from './scenario.ts';
import { smoke } from './smoke.ts';
import { soak } from './soak.ts';
import { spike } from './spike.ts';
import { streaming } from './streaming.ts';
import { stress } from './stress.ts';

export const SCENARIOS = {
  smoke,
  load,
  stress,
  spike,
  soak,
  breakpoint,
  streaming,
  batch,
  mixed,
  chaos,
} as const satisfies Record<string, ScenarioOf>;
export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];
