/** The article's table of clients, and under each of its lines what was measured. */
import { Figures, ofSeries } from '../figures.ts';
import { medianOf, table } from '../format.ts';
import type { Result } from '../result.ts';
import type { ArticleRow } from './table.ts';

/** As the article has it: middleware, types, pool, size. */
const ARTICLE = {
  Trae: ['✅ a whole pipeline', '✅', '⚠️ by hand', '15 kb'],
  Axios: ['❌', '⚠️ needs further types', '✅', '30 kb'],
  Got: ['⚠️ limited', '✅', '✅', '50 kb'],
} as const;

const kB = (bytes: number) => `${Math.round(bytes / 1_000).toLocaleString('en-US')} kB`;
const tick = (yes: boolean) => (yes ? '✅' : '❌');

function middleware({ hooks, around, again }: ArticleRow): string {
  const what = [
    ...(hooks ? ['hooks'] : []),
    ...(around ? ['a function around the call'] : []),
    ...(again ? ['that may repeat it'] : []),
  ];
  return `${around ? '✅' : hooks ? '⚠️' : '❌'} ${what.join(', ')}`;
}

export function articleTable(result: Result): string {
  const figures = new Figures(result);
  const rows = (result.article ?? []).flatMap((row) => {
    const perSecond = figures.spread(row.client.toLowerCase(), ofSeries('c32', 'perSecond'));
    const isPooled = row.connectionsOfTwo === 2;
    return [
      [row.client, 'the article', ...ARTICLE[row.client], '', ''],
      [
        ...[`${row.client} ${row.version}`, 'measured', middleware(row), tick(row.types)],
        `${tick(isPooled)} ${row.connectionsOfTwo} connections where its \`agent\` allows 2`,
        ...[kB(row.minifiedBytes), kB(row.installedBytes), medianOf(perSecond)],
      ],
    ];
  });
  const heads = [
    ...['client', '', 'middleware', 'own types', 'pool', 'minified, for Node'],
    ...['installed, with what it needs', 'req/s, 32 connections'],
  ];
  return table(heads, rows);
}
