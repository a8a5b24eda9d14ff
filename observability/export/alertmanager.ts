/** The parts of Alertmanager's configuration that belong to the pack, to be merged into somebody's own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from '../local/paths.ts';
import type { ExportedFile } from './kubernetes.ts';

const HEADER = `# Merge these into your alertmanager.yml: the routes below yours, the inhibitions beside yours. The receivers are
# the names that the routes use; give each the integration of your pager, your tickets and your chat.
`;

interface Configuration {
  readonly route: Readonly<Record<string, unknown>>;
  readonly inhibit_rules?: readonly unknown[];
  readonly receivers: readonly { readonly name: string }[];
}

/** @returns routes and inhibitions of the local stack, which a test boots, without its receivers' addresses */
export function alertmanagerFragment(): ExportedFile {
  const file = join(ROOT, 'observability/alertmanager/alertmanager.yml');
  const {
    route,
    inhibit_rules = [],
    receivers,
  } = parse(readFileSync(file, 'utf8')) as Configuration;
  const fragment = { route, inhibit_rules, receivers: receivers.map(({ name }) => ({ name })) };
  return {
    path: 'alertmanager/fragment.yml',
    text: HEADER + stringify(fragment, { lineWidth: 0 }),
  };
}
