/** Fills the article's table. */
import { packageFolder, packageVersion } from '../packages.ts';
import { probe } from './probes.ts';
import { installedBytes, minifiedBytes, shipsTypes } from './sizes.ts';
import type { ArticleRow } from './table.ts';

/** @returns the rows of the clients that are installed */
export async function measureArticle(): Promise<ArticleRow[]> {
  const rows: ArticleRow[] = [];
  for (const client of ['Trae', 'Axios', 'Got'] as const) {
    const name = client.toLowerCase();
    const folder = packageFolder(name);
    if (folder === undefined) continue;
    rows.push({
      client,
      version: packageVersion(name) ?? '',
      types: shipsTypes(folder),
      ...(await probe(client)),
      installedBytes: installedBytes(folder),
      minifiedBytes: await minifiedBytes(name, folder),
    });
  }
  return rows;
}
