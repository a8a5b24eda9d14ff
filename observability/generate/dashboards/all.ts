/** Every dashboard, with its limits from a profile of the objectives. */
import type { Profile } from '../../slo.ts';
import { callsDashboard } from './calls.ts';
import { COST_DASHBOARD } from './cost.ts';
import { type DashboardSpec, dashboardJson } from './dashboard.ts';
import { loadTestDashboard } from './load-test.ts';
import { objectivesDashboard } from './objectives.ts';
import { ONE_ID_DASHBOARD } from './one-id.ts';
import { serviceDashboard } from './service.ts';
import { TELEMETRY_DASHBOARD } from './telemetry.ts';

/** @returns the dashboards by the names of their files */
export function dashboardsOf(profile: Profile): Readonly<Record<string, DashboardSpec>> {
  return {
    objectives: objectivesDashboard(profile),
    calls: callsDashboard(profile),
    cost: COST_DASHBOARD,
    service: serviceDashboard(profile),
    telemetry: TELEMETRY_DASHBOARD,
    'load-test': loadTestDashboard(profile),
    'one-id': ONE_ID_DASHBOARD,
  };
}

/** @returns what writes each file of a folder, by its path */
export function dashboardFiles(profile: Profile, folder: string): Record<string, () => string> {
  const files = Object.entries(dashboardsOf(profile)).map(
    ([name, spec]): [string, () => string] => [
      `${folder}/${name}.json`,
      () => dashboardJson(spec, profile),
    ],
  );
  return Object.fromEntries(files);
}
