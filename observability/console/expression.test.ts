/** No value of a variable can change what an expression asks, whatever it is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { readDashboards } from './dashboards.ts';
import { type Chosen, fillIn } from './expression.ts';
import { selectorOf } from './panels.ts';

const TIMES = { rateIntervalS: 20, intervalS: 5, rangeS: 900 };
const HOSTILE = [
  '"} or vector(1) or x{y="',
  '\\',
  '\\"',
  '.*',
  'a|b',
  "'`{{}}[]()$job",
  '$__rate_interval',
  '# a comment',
  '<script>',
  '\u202e',
];

/** The names of the nodes of the syntax tree, in order: its shape without the text. */
function shapeOf(expr: string): string {
  const names: string[] = [];
  parser.parse(expr).iterate({ enter: ({ name }) => void names.push(name) });
  return names.join(' ');
}

const dashboards = [...readDashboards().values()];

for (const { uid, panels, templating, annotations } of dashboards) {
  describe(`expressions of ${uid}`, () => {
    const { list } = templating;
    const expressions = [
      ...panels
        .flatMap((panel) => [panel, ...(panel.panels ?? [])])
        .filter(({ datasource }) => datasource?.type === 'prometheus')
        .flatMap(({ targets = [] }) => targets.map(({ expr = '' }) => expr)),
      ...(annotations?.list ?? []).flatMap(({ expr }) => expr ?? []),
      ...list.flatMap((variable) => selectorOf(variable)?.selector ?? []),
    ];

    test('without a choice each is one that Prometheus can parse', () => {
      for (const expr of expressions) {
        const shape = shapeOf(fillIn(expr, list, new Map(), TIMES));
        assert(!shape.includes('⚠'), expr);
      }
    });

    test('a hostile value of any variable changes no more than the text of a matcher', () => {
      const names = list.map(({ name }) => name);
      for (const expr of expressions) {
        const shape = shapeOf(fillIn(expr, list, new Map(), TIMES));
        for (const values of [...HOSTILE.map((value) => [value]), HOSTILE]) {
          const chosen: Chosen = new Map(names.map((name) => [name, values]));
          const filled = fillIn(expr, list, chosen, TIMES);
          assert.equal(shapeOf(filled), shape, filled);
        }
      }
    });

    test('variables are compared by regular expressions alone, for which their values are written', () => {
      for (const expr of expressions) {
        const uses = [...expr.matchAll(/.{0,3}\$(?!\{?__)\{?\w+/g)].map(([use]) => use);
        for (const use of uses) assert.match(use, /=~"\$/, expr);
      }
    });
  });
}

describe('a value is a pattern of itself alone', () => {
  const list = [{ name: 'model', type: 'query', allValue: '.+' }];
  const filled = (...values: string[]) =>
    fillIn('x{model=~"$model"}', list, new Map([['model', values]]), TIMES);

  test('none is all', () => assert.equal(filled(), 'x{model=~".+"}'));
  test('one', () => assert.equal(filled('claude-haiku-5-5'), 'x{model=~"claude-haiku-5-5"}'));
  test('several', () => assert.equal(filled('a', 'b'), 'x{model=~"(a|b)"}'));
  test('an address', () => assert.equal(filled('[::1]:9464'), 'x{model=~"\\\\[::1\\\\]:9464"}'));
  test('a dot', () => assert.equal(filled('a.b'), 'x{model=~"a\\\\.b"}'));
  test('computed names', () =>
    assert.equal(
      fillIn('rate(x[$__rate_interval]) $__range_s', list, new Map(), TIMES),
      'rate(x[20s]) 900',
    ));
  test('a name that nobody knows is a fault of ours', () =>
    assert.throws(() => fillIn('$nothing', list, new Map(), TIMES)));
});
