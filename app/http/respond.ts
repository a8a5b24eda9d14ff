/** Answers a request with one call to the API, up to the last byte of the response. */
import type { Request, Response } from 'express';
import { AppError } from '../errors.ts';
import { type Ask, type CallDeps, callContextOf, callOnce } from './call.ts';
import { localsOf } from './context.ts';
import { type AdmissionDeps, acquireSlot, slotAtOnce } from './slot.ts';
import type { WriteResponse } from './write-response.ts';

/**
 * Resolves when the response has ended.
 * @param change what is to be changed in a complete answer
 * @throws {AppError} quota_exceeded, shed, or as `callOnce`, before any byte is sent
 */
export type Respond = (
  request: Request,
  response: Response,
  ask: Ask,
  change?: (text: string) => string,
) => Promise<void>;

/** The call holds a slot until its response has ended. */
export function createRespond(deps: CallDeps & AdmissionDeps, write: WriteResponse): Respond {
  return async function respond(request, response, ask, change) {
    const locals = localsOf(response);
    locals.asked = ask;
    const context = callContextOf(request, response);
    const slot = slotAtOnce(deps, context) ?? (await acquireSlot(deps, context));
    // The caller may have left meanwhile; then nobody disposes of what is held.
    if (response.closed) {
      slot[Symbol.dispose]();
      throw new AppError('client_cancelled', 'the caller went away');
    }
    locals.held.push(slot);
    locals.isCall = true;
    const result = await callOnce(deps, context, slot, ask);
    const { data } = result;
    if (!change || typeof data !== 'string') return write(response, result);
    return write(response, { ...result, data: change(data) });
  };
}
