/** Panels are placed side by side and row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { place } from './layout.ts';
import type { PanelSpec } from './panel-spec.ts';

const panel = (title: string, width: number, height = 4): PanelSpec => ({
  kind: 'text',
  title,
  description: '',
  markdown: '',
  width,
  height,
});

test('place: panels stand side by side until the line is full, then below its highest panel', () => {
  const rows = [{ panels: [panel('a', 12, 8), panel('b', 12, 4), panel('c', 6)] }];
  assert.deepEqual(
    place(rows).map(({ at }) => at),
    [
      { x: 0, y: 0, w: 12, h: 8 },
      { x: 12, y: 0, w: 12, h: 4 },
      { x: 0, y: 8, w: 6, h: 4 },
    ],
  );
});

test('place: a heading takes a line of its own, and its panels begin below it', () => {
  const rows = [{ panels: [panel('a', 6)] }, { title: 'More', panels: [panel('b', 6)] }];
  assert.deepEqual(
    place(rows).map(({ id, at: { x, y } }) => [id, x, y]),
    [
      [1, 0, 0],
      [2, 0, 4],
      [3, 0, 5],
    ],
  );
});

test('place: a panel that is wider than the grid is refused by its name', () => {
  assert.throws(() => place([{ panels: [panel('wide', 25)] }]), /wide: wider than 24/);
});
