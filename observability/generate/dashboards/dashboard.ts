/** Makes Grafana's JSON of a dashboard that is given as plain data. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Profile } from '../../slo.ts';
import { annotations } from './annotations.ts';
import { logs, text, traces } from './found-panels.ts';
import { type Placed, place } from './layout.ts';
import { heatmap, lines, stat, table } from './measured-panels.ts';
import type { PanelSpec, RowSpec } from './panel-spec.ts';
import { type Targets, variablesIn } from './variables.ts';

/** Every dashboard has it, and each links to all that have it. */
const TAG = 'claude';

export interface DashboardSpec {
  /** Fixed, as alerts and other dashboards link to it. */
  readonly uid: string;
  readonly title: string;
  /** The question that it answers. */
  readonly description: string;
  /** How far back it looks at first, as in `now-1h`. */
  readonly from: string;
  /** How often it reads again; never unless given. */
  readonly refresh?: string;
  /** Whose jobs and instances its variables offer; those of the service unless given. */
  readonly targets?: Targets;
  readonly rows: readonly RowSpec[];
}

function builderOf(spec: PanelSpec) {
  switch (spec.kind) {
    case 'stat':
      return stat(spec);
    case 'lines':
      return lines(spec);
    case 'heatmap':
      return heatmap(spec);
    case 'table':
      return table(spec);
    case 'text':
      return text(spec);
    case 'logs':
      return logs(spec);
    case 'traces':
      return traces(spec);
  }
}

function addTo(dashboard: DashboardBuilder, { id, at, what }: Placed): void {
  if (what.kind === 'heading') {
    dashboard.withRow(new RowBuilder(what.title).id(id).gridPos(at));
  } else {
    const { title, description } = what;
    const builder = builderOf(what).id(id).gridPos(at);
    dashboard.withPanel(builder.title(title).description(description));
  }
}

function toTheOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Dashboards')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

/** @returns the JSON of a dashboard in the v1 model, which file provisioning and import take */
export function dashboardJson(spec: DashboardSpec, { urls }: Pick<Profile, 'urls'>): string {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([TAG])
    .readonly()
    .time({ from: spec.from, to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .link(toTheOthers());
  if (spec.refresh) builder.refresh(spec.refresh);
  for (const placed of place(spec.rows)) addTo(builder, placed);
  // What shows no metrics has no use for marks that are made of them.
  if (JSON.stringify(builder.build()).includes('$job')) builder.annotations(annotations());
  const { targets = 'service' } = spec;
  const used = variablesIn(JSON.stringify(builder.build()), { targets, runbooks: urls.runbooks });
  builder.variables(used);
  const dashboard = builder.build();
  // The SDK hides every link in a menu; a link without a placement stands above the panels.
  for (const link of dashboard.links ?? []) delete link.placement;
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
