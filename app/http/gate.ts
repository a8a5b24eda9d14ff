/** The one door of every call: the caller's own limits, then a place in the service. */
import type { RequestHandler } from 'express';
import type { Admission } from '../callers/concurrency.ts';
import type { Limits } from '../callers/quotas.ts';
import { localsOf, type RequestLocals } from './context.ts';

export interface Gate {
  /**
   * @returns what must be called once when the call has ended, with the tokens that it used
   * @throws {AppError} caller_limited, shed, client_cancelled
   */
  enter(who: Pick<RequestLocals, 'caller' | 'signal'>): Promise<(tokens: number) => void>;
}

const nothing = () => {};

export function createGate(admission: Admission, limits: Limits): Gate {
  return {
    async enter({ caller, signal }) {
      const done = caller.limits ? await limits.take(caller) : nothing;
      try {
        const leave = await admission.enter(signal);
        return (tokens) => {
          leave();
          done(tokens);
        };
      } catch (error) {
        done(0);
        throw error;
      }
    },
  };
}

/** Holds a request until it is let in; its place is free again when its answer has ended. */
export function admit(gate: Gate): RequestHandler {
  return async (_request, response, next) => {
    const locals = localsOf(response);
    const leave = await gate.enter(locals);
    // Its caller may have gone in this very moment: `close` has been then.
    if (response.closed) return leave(0);
    response.once('close', () => leave(locals.tokens?.() ?? 0));
    next();
  };
}
