/** The load's times are seconds in Prometheus, as the dashboard takes them to be. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { METRIC, METRIC_TYPE } from '../../../loadtest/scenarios/metrics.ts';
import { ROOT } from '../../local/paths.ts';
import { committedDashboards } from '../checks/committed.ts';

test('load test: the trends on the dashboard are declared to be of times, which k6 sends in seconds', () => {
  const panels = committedDashboards().find(({ file }) => file === 'load-test.json')?.dashboard
    .panels;
  const scripts = globSync('loadtest/k6/*.ts', { cwd: ROOT })
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n');
  const trends = Object.entries(METRIC).filter(([, name]) =>
    JSON.stringify(panels).includes(`k6_${name}_p99`),
  );
  assert.deepEqual(
    trends.map(([key]) => key),
    ['durationMs', 'overheadMs', 'firstTextMs', 'longestGapMs', 'driverLagMs'],
  );
  // The script declares all trends in one place.
  assert.deepEqual(scripts.match(/new Trend\([^)]*\)/g), ['new Trend(name, true)']);
  for (const [, name] of trends) {
    assert.equal(METRIC_TYPE[name], 'trend');
    const shown = panels?.filter((panel) => JSON.stringify(panel.targets).includes(`k6_${name}_`));
    for (const { title, fieldConfig } of shown ?? []) {
      assert.equal(fieldConfig?.defaults.unit, 's', title);
    }
  }
});
