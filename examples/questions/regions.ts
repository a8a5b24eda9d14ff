/** Measures an outage of a region and the return to it, call by call: docs/upstreams.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Claude, createClaude } from 'claude-observatory/pipeline';
import type { FaultKind } from '../../loadtest/simulator/faults.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../../loadtest/simulator/server.ts';
import { quantile, table } from './figures.ts';

const BODY = {
  model: 'claude-haiku-5-5',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'Hello' }],
};
const EVERY_MS = 20;

export interface Plan {
  readonly fault: FaultKind;
  readonly healthyMs: number;
  readonly outageMs: number;
  readonly returnMs: number;
}

interface Call {
  readonly atMs: number;
  readonly ms: number;
  readonly ok: boolean;
}

export interface Outage {
  /** Calls that began during the outage, and those of them that were answered. */
  readonly calls: number;
  readonly answered: number;
  /** Attempts that the region got meanwhile: until its circuit opened, and probes of it. */
  readonly wasted: number;
  readonly healthyMs: readonly number[];
  readonly outageMs: readonly number[];
  /** From the end of the outage until the region answers again, and until it has all calls; NaN: not in time. */
  readonly backMs: number;
  readonly allBackMs: number;
}

/** Calls without a pause, two regions, the first of which fails for a while. */
export async function measureOutage(plan: Plan): Promise<Outage> {
  const [near, far] = await Promise.all([
    startSimulator({ profile: 'documented' }),
    startSimulator({ profile: 'documented' }),
  ]);
  process.env['QUESTIONS_KEY'] = DEFAULT_KEY;
  const upstream = (name: string, { url }: Simulator, priority: number) => {
    return { name, url, priority, keys: 'env:QUESTIONS_KEY' };
  };
  const claude = createClaude({ upstreams: [upstream('near', near, 0), upstream('far', far, 1)] });
  const load = startLoad(claude);
  try {
    await delay(plan.healthyMs);
    const [fromMs, before] = [performance.now(), near.seen()];
    near.setFaults([{ kind: plan.fault }]);
    await delay(plan.outageMs);
    const [toMs, after] = [performance.now(), near.seen()];
    near.setFaults([]);
    const back = await returned(near, far, toMs, plan.returnMs);
    const calls = await load.end();
    const during = calls.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    return {
      calls: during.length,
      answered: during.filter(({ ok }) => ok).length,
      wasted: after - before,
      healthyMs: calls.filter(({ atMs }) => atMs < fromMs).map(({ ms }) => ms),
      outageMs: during.map(({ ms }) => ms),
      ...back,
    };
  } finally {
    await claude.close();
    await Promise.all([near.close(), far.close()]);
  }
}

function startLoad(claude: Claude) {
  const calls: Promise<Call>[] = [];
  const one = async (): Promise<Call> => {
    const atMs = performance.now();
    const ok = await claude.messages(BODY).then(
      ({ status }) => status === 200,
      () => false,
    );
    return { atMs, ms: performance.now() - atMs, ok };
  };
  const timer = setInterval(() => calls.push(one()), EVERY_MS);
  return {
    async end(): Promise<readonly Call[]> {
      clearInterval(timer);
      return Promise.all(calls);
    },
  };
}

/** Waits until the region has answered again, and until the other has had no call for a second. */
async function returned(near: Simulator, far: Simulator, fromMs: number, limitMs: number) {
  const atStart = near.seen();
  let [backMs, allBackMs] = [Number.NaN, Number.NaN];
  let [seen, quietSinceMs] = [far.seen(), performance.now()];
  while (performance.now() - fromMs < limitMs) {
    await delay(EVERY_MS);
    const nowMs = performance.now();
    if (Number.isNaN(backMs) && near.seen() > atStart) backMs = nowMs - fromMs;
    if (far.seen() !== seen) [seen, quietSinceMs] = [far.seen(), nowMs];
    if (!Number.isNaN(backMs) && nowMs - quietSinceMs > 1_000) {
      allBackMs = quietSinceMs - fromMs;
      break;
    }
  }
  return { backMs, allBackMs };
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** @returns what stands on the page */
export async function measure(): Promise<string> {
  const faults: readonly FaultKind[] = ['error_503', 'reset'];
  const rows: string[][] = [];
  for (const fault of faults) {
    const outage = await measureOutage({
      fault,
      healthyMs: 3_000,
      outageMs: 8_000,
      returnMs: 60_000,
    });
    const both = (values: readonly number[]) =>
      `${quantile(values, 0.5).toFixed(0)} / ${quantile(values, 0.99).toFixed(0)} ms`;
    rows.push([
      `\`${fault}\``,
      `${outage.answered} of ${outage.calls}`,
      `${outage.wasted}`,
      both(outage.healthyMs),
      both(outage.outageMs),
      seconds(outage.backMs),
      seconds(outage.allBackMs),
    ]);
  }
  const head = ['the region', 'answered meanwhile', 'attempts at it', 'P50 / P99 before'];
  return table([...head, 'meanwhile', 'answers again after', 'has all calls after'], rows);
}
