/** Wraps an API key so that it is never printed by accident. */
import { inspect } from 'node:util';

/** A key as its source lists it. */
export interface ApiKey {
  /** Safe as a label value: 1 to 32 of `a-z0-9-`. */
  readonly alias: string;
  readonly secret: Secret;
}

/** A text that `console.log`, templates, JSON and `inspect` show as `[secret]`. */
export interface Secret {
  /** The text itself, for the request header and the redactor only. */
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
