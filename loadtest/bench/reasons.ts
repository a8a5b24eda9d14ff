/** Why a figure was missed, where somebody has looked: shown on the page beside what was not reached, and only then. */

const FLAT =
  'the profiles of [ADR 44](adr/0044-what-the-service-itself-costs.md) are flat: the difference is the table of signals below and, without telemetry, the dozen small things that the ADR lists, none of which is worth the missing share';
const SPANS =
  'spans are the largest part (table of signals). A line through 10 % and 100 % gives 99 µs for a call that is traced and 41 µs for any call, but single runs of 5 s on a quiet machine gave 104 µs a call without traces, 101 with a sampler that takes none and 124 with 10 %: there a traced call costs about 230 µs, in making and exporting its spans, and tracing as such nothing';
const TRACED =
  'with metrics and log lines alone the service adds 2 ms, less than the limit does; spans add the rest. That a batch of them is made into bytes in one turn of the event loop is likely, but not profiled';
const PAUSES =
  'the service without telemetry adds as much, so telemetry is not the reason; the median adds some tenths of a millisecond. It has not been profiled';

/** By the name of the figure (`reach.ts`). */
export const REASONS: Readonly<Record<string, string>> = {
  'throughput, traces 10 %, of the limit': FLAT,
  'throughput, traces 100 %, of the limit': SPANS,
  'throughput, traces 10 %, against the official SDK without telemetry': FLAT,
  'throughput, traces 10 %, against Portkey': FLAT,
  'throughput, traces 10 %, against LiteLLM': FLAT,
  "telemetry's share of the CPU time of a call": SPANS,
  'added P99 at one connection': TRACED,
  'added time to first token, P99': PAUSES,
  "CPU time from 1 to 128 connections, as a ratio to the limit's own growth":
    'both become cheaper with more connections, the limit a little more so; rounds differ by more than is missing. It has not been profiled',
};
