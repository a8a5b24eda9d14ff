/** Why a figure was missed, where somebody has looked: shown on the page beside what was not reached, and only then. */

const FLAT =
  'the profiles of [ADR 44](adr/0044-what-the-service-itself-costs.md) are flat: the difference is the table of signals below and, without telemetry, the dozen small things that the ADR lists, none of which is worth the missing share';
const SPANS =
  'spans are the largest part (table of signals), and these are those of a service that was warmed up for three seconds: V8 had most likely not compiled yet what runs for one call in ten ([ADR 54](adr/0054-measured-once-warm.md)). Spans have become cheaper since ([ADR 47](adr/0047-spans-are-encoded-by-hand.md))';
const TRACED =
  'the threads of V8 that compile share the one core, and had not ended after three seconds of warm-up: of a series of 4 s the main thread waited 0.35 s for them. After 25 s P99 was 4.4 ms, and 2.8 ms of bare Express, on a slower machine ([ADR 54](adr/0054-measured-once-warm.md))';
const PAUSES =
  'the service without telemetry adds as much, so telemetry is not the reason. It is the P99 of 150 streams, which were the first ones of the program and of the reader ([ADR 54](adr/0054-measured-once-warm.md))';

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
