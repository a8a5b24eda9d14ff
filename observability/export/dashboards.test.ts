import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboardsFor } from './dashboards.ts';
import { readExportOptions } from './options.ts';

function exported(env: Readonly<Record<string, string>>) {
  const read = readExportOptions(env);
  return dashboardsFor('options' in read ? read.options : assert.fail(read.problems.join()));
}

test('dashboardsFor: every dashboard with metrics opens with the data source that was named', () => {
  const opened = exported({ DATASOURCE: 'thanos-eu' }).map(({ text }) => {
    const { list } = JSON.parse(text).templating;
    return list.find(({ name }: { name: string }) => name === 'datasource')?.current;
  });
  const chosen = opened.filter((current) => current !== undefined);
  assert(chosen.length >= 6);
  for (const current of chosen) {
    assert.deepEqual(current, { text: 'thanos-eu', value: 'thanos-eu' });
  }
});

test('dashboardsFor: nothing of the local stack is in them', () => {
  for (const { path, text } of exported({ PROFILE: 'production' })) {
    assert(!/127\.0\.0\.1|localhost/.test(text), path);
  }
});
