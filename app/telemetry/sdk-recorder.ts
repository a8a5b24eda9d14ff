/** The recorder of the running service: each call becomes spans, metrics and log lines. */
import { CallSpan } from './call-span.ts';
import type { Recorder } from './recorder.ts';
import type { RecorderDeps } from './spans.ts';

export function createSdkRecorder(deps: RecorderDeps): Recorder {
  const allowed = new Set(deps.models);
  const labelOf = (model: string) => (allowed.has(model) ? model : 'other');
  return {
    startCall: (info) => new CallSpan(deps, info, labelOf(info.model)),
    recordRejection(info, outcome) {
      const overheadMs = Math.max(0, deps.now() - info.receivedAtMs);
      const label = info.model === '' ? 'unknown' : labelOf(info.model);
      new CallSpan(deps, info, label).end(outcome, { usage: undefined, overheadMs });
    },
  };
}
