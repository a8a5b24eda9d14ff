/** Where keys are and whose they are, as the settings say it. */

/** `env:NAME`, `file:/path`, `vault:mount/path` or `aws:secret-id`. */
export type KeySpec =
  | { readonly kind: 'env'; readonly name: string; readonly value: string | undefined }
  | { readonly kind: 'file' | 'vault' | 'aws'; readonly name: string };

/** Whose keys they are; `caller` is `shared` for those that every caller uses. */
export type KeyOwner = { readonly upstream: string; readonly caller: string };

export const SHARED = 'shared';
/** In the place of a caller: what we sign requests to an upstream with. */
export const SIGNING = 'signing';
