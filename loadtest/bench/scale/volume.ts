/** What an instance gives off: series, bytes of spans for a traced call, bytes of log lines for a call. */
import { request } from 'undici';
import { eventually } from '../../../app/testing/poll.ts';
import { askOf } from '../answers.ts';
import type { Sink } from '../helpers.ts';
import type { SubjectProcess } from '../subject-process.ts';

const CALLS = 200;
const TRACES = '/v1/traces';

export interface Volume {
  readonly series: number;
  readonly traceBytes: number;
  readonly logBytes: number;
}

/** Lines of the text format that are samples. */
export function seriesIn(text: string): number {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}

/** @param subject the service with every call traced; it is stopped, so that it sends what it holds */
export async function measureVolume(
  subject: SubjectProcess,
  sink: Sink,
  headers: Readonly<Record<string, string>>,
): Promise<Volume> {
  const before = { output: subject.output(), traces: sink.received.get(TRACES) ?? 0 };
  const body = askOf(1_000, false);
  for (let i = 0; i < CALLS; i += 1) {
    const answer = await request(`${subject.url}/v1/messages`, { method: 'POST', headers, body });
    await answer.body.dump();
  }
  const metrics = await request(subject.metricsUrl);
  const series = seriesIn(await metrics.body.text());
  await subject.stop();
  await eventually(() => (sink.received.get(TRACES) ?? 0) > before.traces);
  return {
    series,
    traceBytes: ((sink.received.get(TRACES) ?? 0) - before.traces) / CALLS,
    logBytes: (subject.output() - before.output) / CALLS,
  };
}
