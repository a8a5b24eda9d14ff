/** The provisioned data sources: their addresses come from the environment, and their links lead somewhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { ROOT } from '../local/paths.ts';

const text = readFileSync(
  join(ROOT, 'observability/grafana/provisioning/datasources/datasources.yml'),
  'utf8',
);
const { datasources } = parse(text) as {
  readonly datasources: readonly {
    readonly uid: string;
    readonly url: string;
    readonly editable: boolean;
  }[];
};

describe('data sources', () => {
  test('addresses come from the environment, and cannot be changed in the UI', () => {
    for (const { url, editable } of datasources) {
      assert.match(url, /^\$[A-Z]+_URL$/);
      assert.equal(editable, false);
    }
  });

  test('links between data sources lead to one that exists', () => {
    const uids = datasources.map(({ uid }) => uid);
    const linked = [...JSON.stringify(datasources).matchAll(/"datasourceUid":"(\w+)"/g)];
    assert(linked.length >= 3);
    for (const [, uid = ''] of linked) assert(uids.includes(uid), uid);
  });

  test('Grafana’s own variables are escaped, so they are not taken from the environment', () => {
    assert(!/(?<!\$)\$\{/.test(text.replace(/^#.*$/gm, '')));
  });
});
