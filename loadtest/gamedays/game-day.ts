/** What a game day is: a fault, how it comes and goes, and the alerts that have to tell of it. */
import type { TuningOverrides } from '../../app/testing/service-process.ts';
import type { MemoryCgroup } from '../lib/cgroup.ts';
import type { Fault } from '../simulator/faults.ts';
import type { Simulator } from '../simulator/server.ts';
import type { Backend } from './backend.ts';
import type { Program } from './program.ts';
import type { Service } from './service.ts';
import type { Shape, Traffic } from './traffic.ts';
import type { Webhook } from './webhook.ts';

/** The keys of the service, which the simulator accepts. */
export const KEYS = { blue: 'sk-sim-blue', green: 'sk-sim-green' } as const;

/** The stack of one game day, as its fault finds it. */
export interface World {
  /** The working folder of Prometheus and Alertmanager, with all that they read. */
  readonly folder: string;
  readonly simulator: Simulator;
  readonly service: Service;
  readonly traffic: Traffic;
  readonly prometheus: Part;
  readonly alertmanager: Part;
  readonly receiver: Webhook;
  readonly collector: Part | undefined;
  /** Where the collector sends. */
  readonly backend: Backend | undefined;
  readonly cgroup: MemoryCgroup | undefined;
  /** Ends everything, also what a fault has left half dead. */
  stop(): Promise<void>;
}

/** A program and its base URL. */
export interface Part {
  readonly program: Program;
  readonly url: string;
}

export type Labels = Readonly<Record<string, string>>;

/** The receivers of alertmanager.yml; the last has no integration: what it gets nobody is told. */
export const PAGER = 'claude-pager';
export const TICKETS = 'claude-tickets';
export const NOBODY = 'claude-nobody';

/** How soon somebody has to be told, unless an expectation says another time; minutes of production. */
export const TOLD_WITHIN = { [PAGER]: 3, [TICKETS]: 8, [NOBODY]: 0 } as const;

/** An alert that has to fire, and what is asked of it. Times are minutes of production. */
export interface Expectation {
  readonly alert: string;
  /** What it has to say: an alert of the name with other values should not fire. */
  readonly labels: Labels;
  /** Whom Alertmanager has to tell. */
  readonly to: typeof PAGER | typeof TICKETS | typeof NOBODY;
  /** How soon after the fault it may fire: what it waits for, and what its windows need at least. */
  readonly notBefore: number;
  /** How soon after the fault it has to fire. */
  readonly within: number;
  /** How soon somebody has to be told, from the time when it fires and nothing silences it; default `TOLD_WITHIN`. */
  readonly toldWithin?: number;
  /** How soon after the fault's end it has to clear. */
  readonly clearsWithin: number;
  /** The alerts that may silence it, if they were themselves told; any other that does loses the day. */
  readonly inhibitedBy?: readonly string[];
  /** Whether one of these has to silence it, or each in turn: else nobody would see that inhibition is gone. */
  readonly silenced?: 'by one' | 'by each';
  /** Why nobody need be told of it: it ends as soon as the way to people is open again. */
  readonly untold?: string;
  /** Whether it may end before the fault does. */
  readonly isOneShot?: true;
  /** Why a time of it is one of the service's or the fault's own, which is not compressed. */
  readonly inRealTime?: { readonly fired?: string; readonly cleared?: string };
}

/** An alert that may fire besides, and need not. */
export interface Companion {
  readonly alert: string;
  /** Only with these, where the alert is expected with others. */
  readonly labels?: Labels;
  readonly because: string;
  /** Whether it may wake somebody. */
  readonly pages?: true;
}

/** What settings are made from. */
export interface Place {
  /** Base URL. */
  readonly simulator: string;
  /** For files that a fault removes. */
  readonly folder: string;
}

/** Takes a fault away again, also when the day ends before its time. */
export type Undo = () => void | Promise<void>;

export interface GameDay {
  /** `make gameday FAULT=<name>`. */
  readonly name: string;
  /** What goes wrong, for the table. */
  readonly fault: string;
  /** The calls that are made all the time; default `EVERYDAY`. */
  readonly load?: readonly Shape[];
  /** The service's settings besides those of every game day. */
  readonly settings?: (place: Place) => Readonly<Record<string, string>>;
  readonly tuning?: TuningOverrides;
  /** Where given, the real collector runs, with these changes to its committed configuration. */
  readonly collector?: readonly string[];
  /** Whether the service runs in a memory cgroup of its own. */
  readonly inCgroup?: boolean;
  /** The faults of the simulator that make it, where it is nothing else: the console offers them as switches. */
  readonly faults?: readonly Fault[];
  /** Brings the fault. @returns what takes it away */
  readonly on: (world: World) => Undo | Promise<Undo>;
  /** What goes a little wrong all the time, also in the history, so that the fault has to rise above it. */
  readonly background?: readonly Fault[];
  /** All of these have to fire; only companions may besides. Each is watched until it is told of and has cleared. */
  readonly expected: readonly Expectation[];
  readonly companions?: readonly Companion[];
  /** Whether the fault silences the way to people, so that they are told only once it is gone. */
  readonly toldAfterwards?: boolean;
}
