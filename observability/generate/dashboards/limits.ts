/** The limits of objectives, as lines in panels. */
import type { ObjectiveName, Profile } from '../../slo.ts';
import { above, type Limit } from './panel-spec.ts';

/** @returns the limit of an objective, in seconds, for a panel; nothing where the profile has none */
export function limitOf({ objectives }: Profile, name: ObjectiveName): { limit?: Limit } {
  const limitMs = objectives[name]?.limitMs;
  return limitMs === undefined ? {} : { limit: above(limitMs / 1_000) };
}
