/**
 * The process that measures stages, `main.ts <batches>`: the pipeline with and without each stage, in turn, over a
 * transport that answers at once. Telemetry is away, as the signals have figures of their own.
 */
import { CallState } from '../../../app/pipeline/call-state.ts';
import { compose } from '../../../app/pipeline/pipeline.ts';
import type { Next, PipelineRequest, Stage } from '../../../app/pipeline/stage.ts';
import { unrecordedCall } from '../../../app/telemetry/recorder.ts';
import { askOf, completeAnswer, MODEL } from '../answers.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import type { StageCost, StageCosts } from './costs.ts';
import { stagesOf, upstreamOf } from './pipelines.ts';

const CALLS = 4_000;
const BODY = askOf(1_000, false);
const HEADERS = { 'anthropic-version': '2023-06-01', 'Content-Type': 'application/json' } as const;

/** What an upstream sends that the stages read. */
const ANSWER_HEADERS = { 'content-type': 'application/json', 'request-id': 'req_bench' } as const;
const DATA = completeAnswer(1_000).toString();

const transport: Next = async () => ({
  status: 200,
  headers: ANSWER_HEADERS,
  data: DATA,
  outcome: 'success',
});

const plain = upstreamOf(false);
const signing = upstreamOf(true);

/** @param upstream is set beforehand, as a pipeline without `failover` lacks it */
function aRequest(upstream: PipelineRequest['upstream']): PipelineRequest {
  return {
    method: 'POST',
    url: '/v1/messages',
    headers: HEADERS,
    body: BODY,
    operation: 'chat',
    model: MODEL,
    stream: false,
    call: unrecordedCall,
    ...(upstream && { upstream }),
    signal: new AbortController().signal,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    state: new CallState(performance.now.bind(performance)),
  };
}

/** @returns microseconds of CPU time a call */
async function batch(send: Next, upstream: PipelineRequest['upstream']): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i += 1) await send(aRequest(upstream));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

/** Both in turn, so that whatever slows the machine slows both. */
async function difference(
  batches: number,
  more: Next,
  less: Next,
  upstream: PipelineRequest['upstream'],
): Promise<Spread> {
  const differences: number[] = [];
  // The first two compile.
  for (let i = -2; i < batches; i += 1) {
    const withIt = await batch(more, upstream);
    const withoutIt = await batch(less, upstream);
    if (i >= 0) differences.push(withIt - withoutIt);
  }
  return spreadOf(differences) as Spread;
}

const isNamed = (name: string) => (stage: Stage) => stage.name === name;

async function costOf(stage: string, batches: number): Promise<StageCost> {
  const optional = stage === 'pseudonymize' || stage === 'sign';
  const upstream = stage === 'sign' ? signing : plain;
  const all = stagesOf(upstream).filter(({ name }) => name === stage || name !== 'pseudonymize');
  const send = compose(all, transport);
  const without = compose(
    all.filter((one) => !isNamed(stage)(one)),
    transport,
  );
  return { stage, optional, cpuUs: await difference(batches, send, without, upstream) };
}

async function main(batches: number): Promise<StageCosts> {
  const on = stagesOf(plain).filter(({ name }) => name !== 'pseudonymize');
  const whole = await difference(batches, compose(on, transport), transport, plain);
  const stages: StageCost[] = [];
  for (const { name } of stagesOf(plain)) stages.push(await costOf(name, batches));
  return { whole, stages };
}

process.stdout.write(JSON.stringify(await main(Number(process.argv[2]))));
