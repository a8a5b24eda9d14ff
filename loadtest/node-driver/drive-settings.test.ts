/** The load settings: defaults, limits, and bad values, which are never shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLoadSettings } from './drive-settings.ts';

test('load settings: absent and empty values give the defaults', () => {
  const expected = {
    ok: true,
    settings: { baseUrl: 'http://127.0.0.1:8080', callsPerType: 1000, concurrency: 10 },
  };
  assert.deepEqual(readLoadSettings({}), expected);
  assert.deepEqual(readLoadSettings({ BASE_URL: '', CALLS: '', ALLOW_PAID_LOAD: '' }), expected);
});

test('load settings: a slash at the end of the base URL is removed, a path is kept', () => {
  const read = readLoadSettings({ BASE_URL: 'https://[::1]:8443/claude/' });
  assert.ok(read.ok);
  assert.equal(read.settings.baseUrl, 'https://[::1]:8443/claude');
});

test('load settings: ALLOW_PAID_LOAD limits both types together', () => {
  for (const [paid, calls, perType] of [
    ['7', '1000', 3],
    ['2', '1', 1],
    ['5000', '1000', 1000],
  ] as const) {
    const read = readLoadSettings({ ALLOW_PAID_LOAD: paid, CALLS: calls });
    assert.ok(read.ok);
    assert.equal(read.settings.callsPerType, perType);
    assert.equal(read.settings.paidCalls, Number(paid));
  }
});

test('load settings: every bad key is named once, without its value', () => {
  const read = readLoadSettings({
    BASE_URL: 'http://user:hunter2@host',
    CALLS: '0',
    CONCURRENCY: '1e3',
    ALLOW_PAID_LOAD: 'yes',
  });
  assert.ok(!read.ok);
  const keys = read.problems.map((line) => line.split(':')[0]);
  assert.deepEqual(keys, ['BASE_URL', 'CALLS', 'CONCURRENCY', 'ALLOW_PAID_LOAD']);
  assert.doesNotMatch(read.problems.join(), /hunter2|1e3|yes/);
});

test('load settings: a base URL that is not a plain http URL is rejected', () => {
  for (const url of [
    'ftp://host',
    'host:8080',
    'http://',
    'http://a b',
    'http://h/?q',
    'http://h\n',
  ]) {
    assert.equal(readLoadSettings({ BASE_URL: url }).ok, false, url);
  }
});
