/** Why a figure was missed, where somebody has looked: shown on the page beside what was not reached, and only then. */

const FLAT =
  'the profiles of [ADR 44](adr/0044-what-the-service-itself-costs.md) are flat: the difference is the table of signals below and, without telemetry, the dozen small things that the ADR lists, none of which is worth the missing share';
const CACHES =
  'on a machine whose neighbours use its caches, the service becomes slower than others do: without telemetry it takes 4.5 times the CPU time that it takes on a quiet one, bare Express 3.5 times, Portkey 2.6 times ([ADR 55](adr/0055-compared-side-by-side.md))';
const SPANS =
  'spans are the largest part (table of signals). They are written once, in one pass, and counted in cells ([ADR 47](adr/0047-spans-are-encoded-by-hand.md)); what remains is mostly the spans and their attributes themselves, and to keep fewer of them is what a sampler is for';
const ONE =
  'bare Express adds three quarters of it on this machine, and the service without telemetry less than that (table of throughput, cost and memory): that is most likely how long the core is taken away. The rest comes with log lines and traces. At a quieter hour P99 was 4.4 ms in all, and 2.8 ms of bare Express ([ADR 54](adr/0054-measured-once-warm.md))';
const FIRST =
  'its tail is none of its own: P99 is four times P50, as it is with bare Express (table of streams). A first chunk takes 0.9 ms longer than through bare Express in the middle, and 0.7 of that without telemetry. With 20 streams a second that begin, their code is most likely no longer in the caches each time';
const SHARED =
  'from 1 to 32 connections both save the same 80 to 90 µs a call, most likely because the event loop turns less often, and that is a smaller part of a call that costs more. From 32 to 128 both cost a fifth more (table of growth)';

const SHARE =
  "metrics are the largest part (table of signals). The first signal brings OpenTelemetry's HTTP instrumentation, which the others need as well, about a quarter of what metrics cost on a quiet machine ([ADR 45](adr/0045-emitters-are-bound-by-their-emit.md)). It would take recording of our own for the server, as there is for the client ([ADR 43](adr/0043-the-attempt-is-the-http-client-span.md)), to save most of that";

/** By the name of the figure (`reach.ts`). */
export const REASONS: Readonly<Record<string, string>> = {
  'throughput, traces 10 %, of the limit': `${FLAT}. Then, ${CACHES}`,
  'throughput, traces 100 %, of the limit': SPANS,
  'throughput, traces 10 %, against the official SDK without telemetry': `the rounds lie on both sides of what is wanted. Beyond that, ${FLAT}`,
  'throughput, traces 10 %, against Portkey': CACHES,
  'throughput, traces 10 %, against LiteLLM': FLAT,
  "telemetry's share of the CPU time of a call": SHARE,
  'added P99 at one connection': ONE,
  'added time to first token, P99': FIRST,
  "CPU time from 1 to 128 connections, as a ratio to the limit's own growth": SHARED,
  "CPU time from answers of 1 kB to 1 MB, as a ratio to the limit's own growth":
    'the median misses by less than a tenth of what the rounds differ by',
};
