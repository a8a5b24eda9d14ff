/** What the reconciliation takes from the environment, and what it refuses without quoting it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { windowAt } from './reader.ts';
import { BillSettingsError, readBillSettings } from './settings.ts';

const KEY = 'sk-ant-admin01-of-a-test';

test('bill settings: without a key there is no bill, and a file may hold it', (t) => {
  assert.throws(() => readBillSettings({ BILL_ADMIN_KEY: '' }), /BILL_ADMIN_KEY_FILE: must be set/);
  const folder = mkdtempSync(join(tmpdir(), 'bill-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  writeFileSync(file, `${KEY}\n`);
  assert.equal(readBillSettings({ BILL_ADMIN_KEY_FILE: file }).adminKey, KEY);
  assert.throws(() => readBillSettings({ BILL_ADMIN_KEY_FILE: `${file}-gone` }), /cannot be read/);
});

test('bill settings: the key is sent over https alone, except to this machine', () => {
  const apiUrl = (url: string) =>
    readBillSettings({ BILL_ADMIN_KEY: KEY, BILL_API_URL: url }).apiUrl;
  assert.equal(readBillSettings({ BILL_ADMIN_KEY: KEY }).apiUrl, 'https://api.anthropic.com');
  for (const fine of [
    'https://gateway.example',
    'http://127.0.0.1:8081',
    'http://[::1]:1',
    'http://localhost',
  ]) {
    assert.equal(apiUrl(fine), fine);
  }
  for (const bad of [
    'http://gateway.example',
    'http://127.0.0.1.example',
    'https://a:b@x.example',
    'ftp://x',
    'https://x.example?a',
  ]) {
    assert.throws(() => apiUrl(bad), BillSettingsError, bad);
  }
});

test('bill settings: a base URL keeps its path and loses its slash, and none has a password', () => {
  const read = (url: string) => {
    const given = { BILL_ADMIN_KEY: KEY, BILL_API_URL: url, BILL_PROMETHEUS_URL: url };
    const { apiUrl, prometheusUrl } = readBillSettings(given);
    return [apiUrl, prometheusUrl];
  };
  const kept = 'https://gateway.example/anthropic';
  assert.deepEqual(read(`${kept}/`), [kept, kept]);
  assert.throws(
    () =>
      readBillSettings({ BILL_ADMIN_KEY: KEY, BILL_PROMETHEUS_URL: 'http://a:b@prometheus:9090' }),
    /^Error: BILL_PROMETHEUS_URL: must not contain a user or password$/,
  );
});

test('bill settings: what is wrong is named, and no value is quoted', () => {
  const bad = { BILL_HOURS: '745', BILL_PORT: 'x', BILL_WORKSPACE_IDS: 'a b', BILL_ADMIN_KEY: KEY };
  assert.throws(
    () => readBillSettings(bad),
    ({ message }: Error) =>
      ['BILL_HOURS', 'BILL_PORT', 'BILL_WORKSPACE_IDS'].every((name) => message.includes(name)) &&
      !message.includes(KEY),
  );
  assert.throws(() => readBillSettings({ BILL_ADMIN_KEY: `${KEY}\u00e9` }), /not printable ASCII$/);
});

test('bill window: it is of whole hours, and ends as long ago as the report takes', () => {
  const settings = readBillSettings({ BILL_ADMIN_KEY: KEY, BILL_HOURS: '2', BILL_LAG_HOURS: '6' });
  const { startMs, endMs } = windowAt(Date.UTC(2026, 10, 26, 12, 34, 56), settings);
  assert.equal(new Date(startMs).toISOString(), '2026-11-26T04:00:00.000Z');
  assert.equal(new Date(endMs).toISOString(), '2026-11-26T06:00:00.000Z');
});
