/** The files of the page: read once, so that no path of a request ever reaches the file system. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const PAGE = new URL('./page/', import.meta.url);
/** The chart library, as its package has it. */
const LIBRARY = new URL('../../node_modules/uplot/dist/', import.meta.url);
const LIBRARY_FILES = ['uPlot.iife.min.js', 'uPlot.min.css'];

/** @returns every file of the page by the path of its URL */
export function readPage(): ReadonlyMap<string, PageFile> {
  const own = readdirSync(PAGE).filter((name) => TYPES[extname(name)] !== undefined);
  const places = [
    ...own.map((name) => new URL(name, PAGE)),
    ...LIBRARY_FILES.map((name) => new URL(name, LIBRARY)),
  ];
  const files = places.map((url): [string, PageFile] => {
    const name = url.pathname.split('/').at(-1) ?? '';
    const file = { type: TYPES[extname(name)] ?? '', body: readFileSync(url) };
    return [name === 'index.html' ? '/' : `/${name}`, file];
  });
  return new Map(files);
}
