/** An upstream's API key, in a form that prints itself nowhere. */
import { inspect } from 'node:util';

/** What a source says of one key. */
export interface ApiKey {
  /** Fit for a label: `a-z0-9-`, at most 32. */
  readonly alias: string;
  readonly secret: Secret;
}

/** A text that `console.log`, templates, JSON and `inspect` show as `[secret]`. */
export interface Secret {
  /** The text itself: for the header it goes out in, and for the redactor. */
  reveal(): string;
}

export function createSecret(value: string): Secret {
  const hidden = () => '[secret]';
  return Object.freeze({
    reveal: () => value,
    toString: hidden,
    toJSON: hidden,
    [inspect.custom]: hidden,
  });
}
