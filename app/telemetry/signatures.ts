/** Counts what the checks of signatures came to. */
import type { Instruments } from './metric-catalogue.ts';
import type { SignatureCheck } from './vocabulary.ts';

/** @returns `onResult` of the verifying middleware */
export function countSignatures(
  instruments: Pick<Instruments, 'signatureChecks' | 'signatureSkew'>,
): (check: SignatureCheck) => void {
  return ({ result, skewMs }) => {
    instruments.signatureChecks.add(1, { result });
    if (skewMs !== undefined) instruments.signatureSkew.record(Math.abs(skewMs) / 1_000);
  };
}
