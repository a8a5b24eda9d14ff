/** Records what one attempt used: for the call's sum, which quotas read, and for telemetry, which prices it. */
import { type UsageReport, usageOf } from '../anthropic/usage.ts';
import type { PipelineRequest } from './stage.ts';

/** Call it once for each attempt, failed ones included: they are billed too. */
export function recordUsage(
  { call, state }: Pick<PipelineRequest, 'call' | 'state'>,
  report: UsageReport,
): void {
  const usage = usageOf(report);
  if (usage) state.addUsage(usage);
  call.recordUsage(report);
}
