/**
 * Head sampling that callers cannot steer: a ratio over random numbers, neither the caller's flag
 * nor the ID's value (callers choose IDs, and the SDK's ratio sampler reads them). See docs/adr/0003.
 */
import { ParentBasedSampler, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import type { Config } from '../config/config.ts';

/**
 * @param ratio share of calls that are traced, 0 to 1
 * @param random 0 inclusive to 1 exclusive
 * @returns a sampler for roots and remote parents; spans below one of ours follow it
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

/** The ratio that the standard variables ask for. */
export function samplingRatio(config: Config): number {
  if (config.OTEL_TRACES_SAMPLER.endsWith('always_on')) return 1;
  if (config.OTEL_TRACES_SAMPLER.endsWith('always_off')) return 0;
  return config.OTEL_TRACES_SAMPLER_ARG;
}
