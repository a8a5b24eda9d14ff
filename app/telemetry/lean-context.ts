/** A context as a list of values, where OpenTelemetry's copies all values to add one: each request adds three or more. */
import type { Context } from '@opentelemetry/api';

/** Semantics are the API's: https://opentelemetry.io/docs/specs/otel/context/ */
export class LeanContext implements Context {
  readonly #key: symbol;
  readonly #value: unknown;
  readonly #before: LeanContext | undefined;
  /** Asked for what is not in the list. */
  readonly #root: Context;

  /** @returns a context with one value more; contexts that are made of it are such lists too */
  static with(ctx: Context, key: symbol, value: unknown): LeanContext {
    return new LeanContext(key, value, undefined, ctx);
  }

  private constructor(key: symbol, value: unknown, before: LeanContext | undefined, root: Context) {
    this.#key = key;
    this.#value = value;
    this.#before = before;
    this.#root = root;
  }

  getValue(key: symbol): unknown {
    for (let at: LeanContext | undefined = this; at; at = at.#before) {
      if (at.#key === key) return at.#value;
    }
    return this.#root.getValue(key);
  }

  setValue(key: symbol, value: unknown): LeanContext {
    return new LeanContext(key, value, this, this.#root);
  }

  deleteValue(key: symbol): LeanContext {
    return this.setValue(key, undefined);
  }
}
