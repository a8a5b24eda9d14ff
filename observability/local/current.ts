/** The stack that is up: what it was started with, so that no other command need be told again. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runningServices } from './engine.ts';
import { RUN_DIR } from './paths.ts';
import { runningPid } from './processes.ts';

/** Docker compose, or plain processes where there is no engine. */
export const MODES = ['compose', 'processes'] as const;
export type Mode = (typeof MODES)[number];

export const PART_NAMES = [
  'simulator',
  'span-store',
  'tempo',
  'loki',
  'collector',
  'service',
  'prometheus',
  'alertmanager',
  'pages',
  'grafana',
] as const;
export type PartName = (typeof PART_NAMES)[number];

export interface Stack {
  readonly mode: Mode;
  readonly ports: Readonly<Record<string, number>>;
  readonly simulator: boolean;
}

const STACK_FILE = join(RUN_DIR, 'stack.json');

function isUp({ mode }: Stack): boolean {
  if (mode === 'compose') return runningServices().length > 0;
  return PART_NAMES.some((name) => runningPid(name) !== undefined);
}

/** @returns undefined when nothing of it runs any more, whatever the file says */
function readStack(): Stack | undefined {
  try {
    const stack = JSON.parse(readFileSync(STACK_FILE, 'utf8')) as Stack;
    return isUp(stack) ? stack : undefined;
  } catch {
    return undefined;
  }
}

/** What is up as this command begins. */
export const current = readStack();

export function saveStack(stack: Stack): void {
  mkdirSync(RUN_DIR, { recursive: true });
  writeFileSync(STACK_FILE, JSON.stringify(stack));
}

export function forgetStack(): void {
  rmSync(STACK_FILE, { force: true });
}
