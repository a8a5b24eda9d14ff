/** The recorder of the running service: each call becomes spans, metrics and log lines. */
import { CallSpan } from './call-span.ts';
import { createModelFamilies } from './model-labels.ts';
import type { CallInfo, Recorder } from './recorder.ts';
import type { RecorderDeps } from './spans.ts';

export function createSdkRecorder(deps: RecorderDeps): Recorder {
  const familyOf = createModelFamilies(deps.models);
  const startCall = (info: CallInfo) => new CallSpan(deps, info, familyOf);
  return {
    startCall,
    recordRejection(info, outcome) {
      const { receivedAtMs, uploadMs = 0 } = info;
      const overheadMs = Math.max(0, deps.now() - receivedAtMs - uploadMs);
      startCall(info).end(outcome, { usage: undefined, overheadMs });
    },
  };
}
