/**
 * Finds the route of a request, once, as Express would: in any case of letters, with or without a slash at the end.
 * Express itself tries one route after the other, which costs a request more than its answer does.
 */
import type { Request } from 'express';
import { AppError } from '../errors.ts';

/** A row of the table. */
export interface Row {
  readonly method: 'get' | 'post' | 'delete';
  /** It consists of literal segments and `:parameters`. */
  readonly path: string;
}

/** A path of the table, and what is served there. */
export interface Found<R extends Row> {
  /** As the table has it. */
  readonly path: string;
  /** Any row of the path. */
  readonly any: R;
  /** By the method of a request; a `get` answers HEAD too. */
  readonly rows: ReadonlyMap<string, R>;
  /** The methods of the table, as `allow` has them. */
  readonly allowed: string;
  /** @throws {AppError} invalid_request: a parameter is not valid percent-encoded UTF-8 */
  params(request: Request): Record<string, string>;
}

type Find<R extends Row> = (request: Request) => Found<R> | undefined;

/** @returns what finds the path of a request; undefined for a path that is in no row */
export function createRouteTable<R extends Row>(rows: readonly R[]): Find<R> {
  const paths = [...Map.groupBy(rows, ({ path }) => path).values()].map(foundAt);
  const literal = new Map(paths.map((found) => [found.path, found]));
  return (request) => {
    const { url } = request;
    const mark = url.indexOf('?');
    // Most requests spell their path as the table does.
    return (
      literal.get(mark < 0 ? url : url.slice(0, mark)) ??
      paths.find(({ pattern }) => pattern.test(request.path))
    );
  };
}

function foundAt<R extends Row>(rows: readonly R[]) {
  const [any] = rows as [R];
  const { path } = any;
  const pattern = new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`, 'i');
  const byMethod = new Map(rows.map((row) => [row.method.toUpperCase(), row]));
  const allowed = [...byMethod.keys()].join(', ');
  const get = byMethod.get('GET');
  if (get) byMethod.set('HEAD', get);
  return {
    path,
    any,
    rows: byMethod,
    allowed,
    pattern,
    params: path.includes(':')
      ? (request: Request) => decoded(pattern.exec(request.path)?.groups ?? {})
      : () => ({}),
  };
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch (cause) {
    const message = 'the path is not valid percent-encoded UTF-8';
    throw new AppError('invalid_request', message, { cause });
  }
}
