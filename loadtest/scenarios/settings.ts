/** Reads the settings of a run from an environment, in k6 as in Node. */
import { BATCH_SIZE } from '../calls/batch.ts';
import type { CallKind } from '../calls/kinds.ts';
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from './all.ts';
import { isBaseUrl } from './base-url.ts';
import { callsIn, countedPhases, type LoadScenario, type Phase } from './scenario.ts';
import { callsNeeded, plannedByKind } from './thresholds.ts';

/** The settings of one run. */
export interface LoadSettings {
  readonly scenario: LoadScenario;
  /** The service's base URL, without a slash at its end. */
  readonly target: string;
  /** Where the simulator takes faults from, for scenarios that have some. */
  readonly simulator: string;
  /** Of the callers, who take turns; empty where the service asks for none. */
  readonly tokens: readonly string[];
  /** Messages that may be asked of an upstream that is not the simulator; undefined permits none. */
  readonly paidCalls: number | undefined;
}

/** Either the settings, or one line for each bad option, which names it and what is allowed, without its value. */
export type SettingsResult =
  | { readonly ok: true; readonly settings: LoadSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

export type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_TARGET = 'http://127.0.0.1:8080';
const DEFAULT_SIMULATOR = 'http://127.0.0.1:8081';

const MAX_RATE = 10_000;
const MAX_SECONDS = 24 * 3600;
/** More calls than a machine makes in a day, and as many as a driver can hold the durations of. */
const MAX_CALLS = 5_000_000;
const MAX_PAID = 1_000_000;

const DURATION = /^(?:(\d{1,2})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$/;
/** What may stand in a header. */
const TOKENS = /^[!-+\--~]{1,512}(,[!-+\--~]{1,512})*$/;

/** Reads values and collects what is wrong with them. An empty value counts as not set. */
class Reader {
  readonly problems: string[] = [];
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** @param allowed what is, as a phrase that follows "must be" */
  read<T>(key: string, parse: (text: string) => T | undefined, allowed: string): T | undefined {
    const text = this.#env[key];
    if (text === undefined || text === '') return undefined;
    const value = parse(text);
    if (value === undefined) this.problems.push(`${key}: must be ${allowed}`);
    return value;
  }

  wholeNumber(key: string, max: number): number | undefined {
    const parse = (text: string) => {
      const value = /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
      return value >= 1 && value <= max ? value : undefined;
    };
    return this.read(key, parse, `a whole number from 1 to ${max}`);
  }

  baseUrl(key: string): string | undefined {
    const parse = (text: string) => (isBaseUrl(text) ? text.replace(/\/+$/, '') : undefined);
    return this.read(key, parse, 'a plain http or https URL, such as http://127.0.0.1:8080');
  }
}

/**
 * Reads SCENARIO, RATE (calls a second while steady), DURATION (what is measured, such as `90s`, `5m` or `1h`), TARGET
 * (base URL of the service), SIMULATOR (of the simulator's admin routes), TOKEN (of callers, separated by commas) and
 * ALLOW_PAID_LOAD (messages that may be asked of an upstream that is not the simulator).
 */
export function readLoadSettings(env: Env): SettingsResult {
  const reader = new Reader(env);
  const names = `one of ${SCENARIO_NAMES.join(', ')}`;
  const name = reader.read('SCENARIO', scenarioName, names) ?? 'smoke';
  const perSecond = reader.wholeNumber('RATE', MAX_RATE);
  const seconds = reader.read('DURATION', secondsOfText, 'from 1s to 24h, such as 90s, 5m or 1h');
  const target = reader.baseUrl('TARGET');
  const simulator = reader.baseUrl('SIMULATOR');
  const tokens = reader.read('TOKEN', tokensOf, 'one token or several, separated by commas') ?? [];
  const paidCalls = reader.wholeNumber('ALLOW_PAID_LOAD', MAX_PAID);
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems };
  const scenario = SCENARIOS[name]({ perSecond, seconds });
  const problems = [
    ...sizeProblems(scenario),
    ...paidProblems(scenario, paidCalls),
    // The faults of another stack's simulator would leave this target alone.
    ...(scenario.faults.length > 0 && target !== undefined && simulator === undefined
      ? [`SIMULATOR: must be given with TARGET, because ${name} injects faults there`]
      : []),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const addresses = {
    target: target ?? DEFAULT_TARGET,
    simulator: simulator ?? DEFAULT_SIMULATOR,
  };
  return { ok: true, settings: { scenario, ...addresses, tokens, paidCalls } };
}

function scenarioName(text: string): ScenarioName | undefined {
  return SCENARIO_NAMES.find((name) => name === text);
}

function secondsOfText(text: string): number | undefined {
  const [, hours = 0, minutes = 0, seconds = 0] = DURATION.exec(text) ?? [];
  const sum = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sum >= 1 && sum <= MAX_SECONDS ? sum : undefined;
}

function tokensOf(text: string): readonly string[] | undefined {
  return TOKENS.test(text) ? text.split(',') : undefined;
}

/** A run of too few calls cannot be judged, and one of too many does not fit into a driver. */
function sizeProblems(scenario: LoadScenario): string[] {
  const all = scenario.phases.reduce((sum, phase) => sum + callsIn(phase), 0);
  if (all > MAX_CALLS) {
    return [`RATE, DURATION: ${all} calls in all are too many, ${MAX_CALLS} are allowed`];
  }
  const fastest = scenario.phases.reduce((a, b) => (highestRate(b) > highestRate(a) ? b : a));
  if (highestRate(fastest) > MAX_RATE) {
    const found = `${highestRate(fastest)} calls a second in the phase ${fastest.name}`;
    return [`RATE: ${found} are too many, ${MAX_RATE} are allowed`];
  }
  const needed = callsNeeded(scenario);
  return countedPhases(scenario)
    .filter((phase) => callsIn(phase) < needed)
    .map((phase) => {
      const found = `${callsIn(phase)} calls in the phase ${phase.name} are too few`;
      return `RATE, DURATION: ${found}, ${needed} are needed to judge it`;
    });
}

function highestRate({ fromPerSecond, stages }: Phase): number {
  return Math.max(fromPerSecond, ...stages.map(({ perSecond }) => perSecond));
}

/** How many messages a call of a kind asks for; 1 unless it is here. */
const MESSAGES: Partial<Record<CallKind, number>> = {
  batch: BATCH_SIZE,
  tools: 2,
  cached: 2,
  count_tokens: 0,
};

function paidProblems(scenario: LoadScenario, paidCalls: number | undefined): string[] {
  if (paidCalls === undefined) return [];
  const planned = plannedByKind(scenario.phases);
  const messages = planned.reduce((sum, [kind, calls]) => sum + calls * (MESSAGES[kind] ?? 1), 0);
  if (messages <= paidCalls) return [];
  return [
    `ALLOW_PAID_LOAD: ${scenario.name} asks for ${messages} messages; permit as many, or lower RATE or DURATION`,
  ];
}
