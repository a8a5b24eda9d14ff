import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readModels } from './models.ts';

const AT = '2026-11-30T00:00:00Z';
const MS = Date.UTC(2026, 10, 30);
const model = (part: object = {}) => ({ type: 'model', id: 'm', retires_at: AT, ...part });

test('readModels: a page has its models and where the next one begins', () => {
  const data = [model(), model({ id: 'n', retires_at: null })];
  const models = [
    { id: 'm', retiresAtMs: MS },
    { id: 'n', retiresAtMs: null },
  ];
  assert.deepEqual(readModels({ data, has_more: true, last_id: 'n' }), { models, next: 'n' });
  assert.deepEqual(readModels({ data, has_more: false, last_id: 'n' }), {
    models,
    next: undefined,
  });
});

test('readModels: one model is a page of its own', () => {
  assert.deepEqual(readModels(model()), {
    models: [{ id: 'm', retiresAtMs: MS }],
    next: undefined,
  });
});

const NOTHING: readonly unknown[] = [
  { data: [null, 1, 'x', [], {}, model({ id: 5 }), model({ id: '' }), model({ type: 'x' })] },
  { data: [model({ id: 'x'.repeat(129) })] },
  { data: { 0: model() } },
  { type: 'message', id: 'm', retires_at: AT },
  {},
  ...[
    undefined,
    5,
    MS,
    true,
    {},
    [AT],
    '',
    '1',
    'soon',
    '2026-11-30',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '2022-12-31T23:59:59Z',
    '2100-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    AT.padEnd(50),
  ].map((retires_at) => ({ data: [model({ retires_at })] })),
];
for (const body of NOTHING) {
  test(`readModels: ${JSON.stringify(body).slice(0, 80)} says nothing`, () => {
    assert.deepEqual(readModels(body as Record<string, unknown>).models, []);
  });
}

test('readModels: a model may have retired already, or retire in decades', () => {
  for (const retires_at of ['2023-01-01T00:00:00Z', '2099-12-31T23:59:59Z']) {
    const [first] = readModels(model({ retires_at })).models;
    assert.equal(first?.retiresAtMs, Date.parse(retires_at));
  }
});

test('readModels: of a page that is too long no more than a page is read', () => {
  const data = Array.from({ length: 5_000 }, (_, i) => model({ id: `m${i}` }));
  assert.equal(readModels({ data }).models.length, 1_000);
});

test('readModels: a next page that has no usable name is none', () => {
  for (const last_id of [undefined, null, 5, '', 'x'.repeat(129), ['m']]) {
    assert.equal(readModels({ data: [], has_more: true, last_id }).next, undefined);
  }
  assert.equal(readModels({ data: [], has_more: 'yes', last_id: 'm' }).next, undefined);
});
