/** The faults of the simulator as switches, with what each game day expects of them. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { askJson, type Parts } from './ask.ts';
import { Refusal } from './refusal.ts';

/** A game day that nothing but faults of the simulator makes; times are minutes. */
export interface Switch {
  readonly name: string;
  readonly fault: string;
  readonly faults: readonly object[];
  readonly expected: readonly {
    readonly alert: string;
    readonly severity: string;
    readonly notBefore: number;
    readonly within: number;
    readonly clearsWithin: number;
  }[];
}

/** `make generate` writes it from loadtest/gamedays. */
const FILE = new URL('./faults.json', import.meta.url);
export const SWITCHES = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Switch[];

const PATH = '/__sim/faults';

/** What the simulator counts besides is no part of the fault. */
function withoutCount(fault: object): object {
  const { bitten: _, ...rest } = fault as { bitten?: number };
  return rest;
}

/** @throws {Refusal} when what answers is not the simulator */
function listOf({ status, body }: { readonly status: number; readonly body: unknown }): object[] {
  if (status === 200 && Array.isArray(body)) return body.map(withoutCount);
  throw new Refusal(502, `The simulator does not tell its faults (status ${status}).`);
}

const isOn = ({ faults }: Switch, active: readonly object[]) =>
  faults.every((fault) => active.some((each) => isDeepStrictEqual(each, fault)));

/** The faults that no switch has set: somebody else has, and keeps them. */
function foreign(active: readonly object[]): object[] {
  const known = SWITCHES.flatMap(({ faults }) => faults);
  return active.filter((each) => !known.some((fault) => isDeepStrictEqual(each, fault)));
}

function shown(active: readonly object[]) {
  const switches = SWITCHES.map((each) => ({ ...each, isOn: isOn(each, active) }));
  return { switches, others: foreign(active) };
}

export async function faultsData(parts: Parts) {
  return shown(listOf(await askJson(parts, 'simulator', PATH)));
}

const schema = z.strictObject({ on: z.array(z.string()).max(100) });

/** Switches these on and all others off; faults that somebody else has set stay. @throws {Refusal} */
export async function setFaults(parts: Parts, body: unknown) {
  const { data } = schema.safeParse(body);
  if (!data) throw new Refusal(400, 'The names of the switches that are on are missing.');
  const unknown = data.on.find((name) => !SWITCHES.some((each) => each.name === name));
  if (unknown !== undefined) throw new Refusal(404, 'There is no such switch.');
  const active = listOf(await askJson(parts, 'simulator', PATH));
  const wanted = SWITCHES.filter(({ name }) => data.on.includes(name));
  const faults = [...foreign(active), ...wanted.flatMap((each) => each.faults)];
  const init = { method: 'PUT', body: JSON.stringify(faults) };
  return shown(listOf(await askJson(parts, 'simulator', PATH, init)));
}

/** Takes every fault away, whoever has set it. */
export async function clearFaults(parts: Parts) {
  return shown(listOf(await askJson(parts, 'simulator', PATH, { method: 'DELETE' })));
}
