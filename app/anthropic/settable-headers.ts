/** Which headers may be given from outside of the pipeline, by the settings or by whoever calls the package. */

/** The others are set by the pipeline or by HTTP itself, or the connection cannot carry them. */
export const SETTABLE_HEADER =
  /^(?!(?:host|connection|keep-alive|upgrade|expect|content-length|content-type|transfer-encoding|x-api-key)$)[a-z0-9-]{1,64}$/;

/** Anything else fails only once it is sent, and would be taken for a fault of the network. */
export const HEADER_VALUE = /^[\x20-\x7e]*$/;
