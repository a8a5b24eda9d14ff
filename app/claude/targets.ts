/** Where the URLs of requests lead. Most are the same few, so they are parsed once. */

/** A URL has an ID of a model, or a query, which callers choose: more are forgotten. */
const MAX_KNOWN = 256;

export interface Target {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query as a URL has them: normalised and percent-encoded. */
  readonly path: string;
}

/** @returns what parses absolute URLs; it throws for any other text */
export function createTargets(): (url: string) => Target {
  const known = new Map<string, Target>();
  return (url) => {
    const found = known.get(url);
    if (found) return found;
    const { origin, pathname, search } = new URL(url);
    const target = { origin, path: pathname + search };
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(url, target);
    return target;
  };
}
