/** One case of the fuzzer: what a client writes, what its upstream answers, and what is due for it. */
import type { Random } from './random.ts';

/** What a client does next on its connection. */
export type Step =
  | { readonly write: Buffer }
  | { readonly waitMs: number }
  /** It writes no more, and still reads. */
  | { readonly end: true }
  /** It reads no more either. */
  | { readonly leave: 'reset' | 'close' };

/** A request that the client has written whole. */
export interface WholeRequest {
  readonly method: string;
  /** Absent where the request gives none that is valid: then the service makes one. */
  readonly id?: string;
  /** Whether its client closes its side before it has an answer, which is taken for leaving. */
  readonly left?: true;
}

export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Each is due exactly one answer, unless its client resets the connection. */
  readonly requests: readonly WholeRequest[];
  /** The method of what follows them, where it may be a request. */
  readonly tailMethod?: string;
  /** What follows them: nothing, something that is due one 4xx, or something that may have one. */
  readonly tail: 'nothing' | 'refused' | 'perhaps refused';
  /** Whether its upstream answers as it likes, with types of errors that the API does not have. */
  readonly hasOwnErrors?: true;
  /** Whether the client goes away without waiting. */
  readonly leaves: boolean;
}

export type MakeCase = (random: Random, id: string) => Case;
