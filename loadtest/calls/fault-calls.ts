/** Switches the simulator's faults on and off; its admin routes are requests like any other to a driver. */
import type { Fault } from '../simulator/faults.ts';
import { isCount, objectsOf } from './json.ts';
import type { Answer, Step } from './kinds.ts';

/** Sent to the simulator, not to the service. @returns whether it is done */
export type FaultCall = Generator<Step, boolean, Answer | undefined>;

const PATH = '/__sim/faults';

/** The simulator answers to a name of loopback only, which keeps browsers out; containers know it by another name. */
const HEADERS = { host: 'localhost', 'content-type': 'application/json' };

export function* faultsOn(faults: readonly Fault[]): FaultCall {
  const body = JSON.stringify(faults);
  const answer = yield { request: { method: 'PUT', path: PATH, headers: HEADERS, body } };
  return answer?.status === 200;
}

/** @returns whether all faults are off, and each was injected into a request at least once */
export function* faultsOff(): FaultCall {
  const before = yield { request: { method: 'GET', path: PATH, headers: HEADERS } };
  const after = yield { request: { method: 'DELETE', path: PATH, headers: HEADERS } };
  const bitten = listOf(before).map((fault) => fault['bitten']);
  const allBit = bitten.every((count) => isCount(count) && count > 0);
  return after?.status === 200 && bitten.length > 0 && allBit;
}

function listOf(answer: Answer | undefined) {
  try {
    return objectsOf(JSON.parse(answer?.body ?? ''));
  } catch {
    return [];
  }
}
