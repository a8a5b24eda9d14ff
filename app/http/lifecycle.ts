/** The life of one instance, from serving to stopping, and the requests that a stop may have to cut. */
import { AppError } from '../errors.ts';
import { InProgress } from '../time/in-progress.ts';

export class Lifecycle {
  #isLeaving = false;
  #isCut = false;
  readonly #requests = new InProgress<AbortController>();

  /** Whether load balancers shall send calls here. */
  get isReady(): boolean {
    return !this.#isLeaving;
  }

  /** Whether new calls are refused. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Calls are still taken, because whoever sends them needs a while to learn that they should go elsewhere. */
  leave(): void {
    this.#isLeaving = true;
  }

  /**
   * Aborts every request in progress, so that its caller gets an error and its telemetry a true end: `shed`,
   * which blames neither the upstream nor the caller. New ones are refused.
   */
  cut(): void {
    this.#isCut = true;
    for (const request of this.#requests.all()) request.abort(shuttingDown());
  }

  /** @param request is aborted by `cut`, with an AppError, until it is forgotten */
  track(request: AbortController): void {
    this.#requests.add(request);
  }

  forget(request: AbortController): void {
    this.#requests.delete(request);
  }
}

/** @returns the error of a call that this instance refuses, or cuts, because it stops */
export function shuttingDown(): AppError {
  return new AppError('draining', 'this instance is shutting down');
}
