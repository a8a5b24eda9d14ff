/** Why a figure was missed, where somebody has looked: shown on the page beside what was not reached, and only then. */

const FLAT =
  'the profiles of [ADR 44](adr/0044-what-the-service-itself-costs.md) are flat: the difference is the table of signals below and, without telemetry, the dozen small things that the ADR lists, none of which is worth the missing share';
const SPANS =
  'the table of signals has what spans cost: three of the SDK for a call that is traced, and the instrumentation of the HTTP server, which makes a context and binds request and response for every call, traced or not. Less would take a span processor and an HTTP instrumentation of our own';
const STALLS =
  'pauses: a few calls in a thousand meet a garbage collection or another process of this machine, those of the limit too, whose own figure stands in the table; the median adds tenths of a millisecond';

/** By the name of the figure (`reach.ts`). */
export const REASONS: Readonly<Record<string, string>> = {
  'throughput, traces 10 %, of the limit': FLAT,
  'throughput, traces 100 %, of the limit': SPANS,
  'throughput, traces 10 %, against the official SDK without telemetry': FLAT,
  'throughput, traces 10 %, against Portkey': FLAT,
  'throughput, traces 10 %, against LiteLLM': FLAT,
  "telemetry's share of the CPU time of a call": SPANS,
  'added P99 at one connection': STALLS,
  'added time to first token, P99': STALLS,
};
