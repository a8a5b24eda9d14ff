/** A dashboard as a file: the v1 model, which file provisioning takes. */
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';

export function dashboardJson(builder: DashboardBuilder): string {
  const dashboard = builder.build();
  // The SDK puts every link into a menu, where nobody looks; absent, it stands above the panels.
  for (const link of dashboard.links ?? []) delete link.placement;
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
