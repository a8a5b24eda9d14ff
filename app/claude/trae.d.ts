/** Types for trae 1.4.2, which ships none: only what `trae-transport.ts` uses. */
declare module 'trae' {
  /** A request as Trae merges it: plain data, but for `signal`, which it passes by reference. */
  export interface TraeConfig {
    method: string;
    url: string;
    headers: Record<string, string>;
    body?: string | undefined;
    signal?: AbortSignal;
    bodyType?: 'raw' | 'text' | 'json';
    /** Ours, as are all below: Trae hands on to `_fetch` what it does not know. Milliseconds; 0 is no limit. */
    bodyTimeout?: number | undefined;
    onHeaders?: (headers: Record<string, string>) => void;
  }

  export interface TraeResponse {
    status: number;
    headers: Record<string, string>;
    /** Text, or what is left to be read. */
    data: string | AsyncIterable<Uint8Array>;
  }

  /** Trae's own hook lists; `resolveBefore` runs them on a config. */
  interface TraeMiddleware {
    /** The hooks that `before` was given, in order. */
    readonly _before: readonly unknown[];
    resolveBefore(config: TraeConfig): Promise<TraeConfig>;
    resolveAfter(error: unknown, response?: TraeResponse): Promise<TraeResponse>;
    resolveFinally(config: TraeConfig, url: string): void;
  }

  export class Trae {
    constructor(config?: { baseUrl?: string });
    readonly version: string;
    protected readonly _middleware: TraeMiddleware;
    before(fn: (config: TraeConfig) => TraeConfig | Promise<TraeConfig>): number;
    after(
      fulfil?: (response: TraeResponse) => TraeResponse | Promise<TraeResponse>,
      reject?: (error: unknown) => TraeResponse | Promise<TraeResponse>,
    ): number;
    finally(fn: (config: TraeConfig, url: string) => void): number;
    request(config: Partial<TraeConfig>): Promise<TraeResponse>;
    protected _fetch(url: string, config: TraeConfig): Promise<TraeResponse>;
  }

  const instance: Trae;
  export default instance;
}
