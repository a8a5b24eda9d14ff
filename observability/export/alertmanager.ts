/** The parts of Alertmanager's configuration that belong to the pack, to be merged into somebody's own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from '../local/paths.ts';
import { documentedRule, type ProfileName, slo } from '../slo.ts';
import type { ExportedFile } from './kubernetes.ts';

const HEADER = `# Merge this into your alertmanager.yml: the routes before those of your \`route.routes\`, the inhibitions beside yours,
# the receivers beside yours. Routes and inhibitions match the label pack="${slo.pack}" of every alert of the
# pack, so your own alerts go where they went. Give each receiver the integration of your pager, your tickets or your
# dead man's switch; \`claude-nobody\` stays without one.
`;

interface Route {
  readonly matchers: readonly string[];
}

interface Configuration {
  readonly route: { readonly routes: readonly Route[] };
  readonly inhibit_rules: readonly unknown[];
  readonly receivers: readonly { readonly name: string }[];
}

const isDocumented = ({ matchers }: Route) =>
  matchers.includes(`alertname="${documentedRule.alert}"`);

/** @returns the pack's routes and inhibitions in the local stack, and the names of its receivers without addresses */
export function alertmanagerFragment(profile: ProfileName): ExportedFile {
  const file = join(ROOT, 'observability/alertmanager/alertmanager.yml');
  const { route, inhibit_rules, receivers } = parse(readFileSync(file, 'utf8')) as Configuration;
  // Only the documented profile has the rule that lacks the label.
  const routes = route.routes.filter((each) => profile === 'documented' || !isDocumented(each));
  const fragment = {
    route: { routes },
    inhibit_rules,
    receivers: receivers.map(({ name }) => ({ name })),
  };
  return {
    path: 'alertmanager/fragment.yml',
    text: HEADER + stringify(fragment, { lineWidth: 0 }),
  };
}
