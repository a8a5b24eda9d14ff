/** Whom the keys of a pool belong to, and how metrics and logs label that. */

/** Keys call an upstream, sign our requests to it, or are a caller's: to verify signatures, to be accepted. */
export type KeyOwner =
  | {
      readonly purpose: 'call';
      readonly upstream: string;
      /** Undefined for keys that all callers share. */
      readonly caller?: string;
    }
  | { readonly purpose: 'sign'; readonly upstream: string }
  | { readonly purpose: 'verify'; readonly caller: string }
  | { readonly purpose: 'accept'; readonly caller: string };

/** Label values that stand beside the names of callers, so no caller may have these names. */
export const SHARED = 'shared';
export const SIGNING = 'signing';
export const TOKENS = 'tokens';

/** The labels `upstream` and `caller` of key metrics. */
export type OwnerLabels = { readonly upstream: string; readonly caller: string };

export function ownerLabels(owner: KeyOwner): OwnerLabels {
  switch (owner.purpose) {
    case 'call':
      return { upstream: owner.upstream, caller: owner.caller ?? SHARED };
    case 'sign':
      return { upstream: owner.upstream, caller: SIGNING };
    case 'verify':
      return { upstream: SIGNING, caller: owner.caller };
    case 'accept':
      return { upstream: TOKENS, caller: owner.caller };
  }
}
