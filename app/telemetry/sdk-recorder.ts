/** The recorder of the running service: each call becomes spans, metrics and log lines. */
import { CallSpan } from './call-span.ts';
import type { Recorder } from './recorder.ts';
import type { RecorderDeps } from './spans.ts';

export function createSdkRecorder(deps: RecorderDeps): Recorder {
  const allowed = new Set(deps.models);
  const startCall: Recorder['startCall'] = (info) =>
    new CallSpan(deps, info, allowed.has(info.model) ? info.model : 'other');
  return {
    startCall,
    recordRejection(info, outcome) {
      const overheadMs = Math.max(0, deps.now() - info.receivedAtMs);
      startCall(info).end(outcome, { usage: undefined, overheadMs });
    },
  };
}
