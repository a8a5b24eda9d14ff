/**
 * Head sampling that callers cannot control: it draws random numbers, and reads neither the caller's sampled
 * flag nor the trace ID, which callers can choose and the SDK's ratio sampler reads. See docs/adr/0003.
 */
import { ParentBasedSampler, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';

/**
 * @param ratio share of calls that are traced, 0 to 1
 * @param random 0 inclusive to 1 exclusive
 * @returns a sampler that decides about roots and remote parents; spans below one of ours follow it
 */
export function createSampler(ratio: number, random: () => number = Math.random): Sampler {
  const own: Sampler = {
    shouldSample: () => ({
      decision:
        random() < ratio ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => `RandomRatio{${ratio}}`,
  };
  return new ParentBasedSampler({
    root: own,
    remoteParentSampled: own,
    remoteParentNotSampled: own,
  });
}

/**
 * @param sampler a value of `OTEL_TRACES_SAMPLER`; `parentbased_*` means the same as the name without it
 * @param ratio `OTEL_TRACES_SAMPLER_ARG`, 0 to 1
 * @returns the share of calls that these variables ask for
 */
export function samplingRatio(sampler: string, ratio: number): number {
  if (sampler.endsWith('always_on')) return 1;
  if (sampler.endsWith('always_off')) return 0;
  return ratio;
}
