/** Records what one attempt used: for the call's sum, which quotas read, and for telemetry, which prices it. */
import { type UsageReport, usageOf } from '../anthropic/usage.ts';
import type { PipelineRequest } from './stage.ts';

/**
 * Call it once for each attempt, failed ones included: they are billed too. Only messages are: whatever an answer
 * about models, batches or a count of tokens says of its use, nothing is charged for it.
 */
export function recordUsage(
  { call, state, operation }: Pick<PipelineRequest, 'call' | 'state' | 'operation'>,
  report: UsageReport,
): void {
  if (operation !== 'chat') return;
  const usage = usageOf(report);
  if (usage) state.addUsage(usage);
  call.recordUsage(report);
}
