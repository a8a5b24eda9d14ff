/**
 * The context manager of OpenTelemetry's SDK, but for event emitters, which it binds by their `emit`: all listeners of a
 * request run in its context, whoever adds them and whenever. The SDK's own puts seven methods on every request and
 * response and a wrapper around every listener, which is more than half of what the HTTP instrumentation costs
 * (docs/adr/0045).
 */
import { EventEmitter } from 'node:events';
import type { Context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

export class LeanContextManager extends AsyncLocalStorageContextManager {
  readonly #bound = new WeakSet<EventEmitter>();

  /**
   * Enters a context that is active already without another entry into its storage: a call that is not traced has one
   * context from its beginning to its end.
   */
  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.active() === context
      ? fn.apply(thisArg, args)
      : super.with(context, fn, thisArg, ...args);
  }

  /** Returns the target itself where it is an emitter; the first context that it is bound to stays. */
  override bind<T>(context: Context, target: T): T {
    if (!(target instanceof EventEmitter)) return super.bind(context, target);
    if (this.#bound.has(target)) return target;
    this.#bound.add(target);
    const { emit } = target;
    // Not assigned at once: V8 would allocate it old, and it would keep the call (docs/adr/0044).
    const bound: typeof emit = (...args) =>
      this.active() === context || isUnheard(target, args[0])
        ? emit.apply(target, args)
        : this.with(context, () => emit.apply(target, args));
    target.emit = bound;
    return target;
  }
}

/** Nothing runs at such an event, so it needs no context. An error is thrown where nobody listens, and may be watched. */
function isUnheard(emitter: EventEmitter, event: unknown): boolean {
  return event !== 'error' && emitter.listenerCount(event as string) === 0;
}
