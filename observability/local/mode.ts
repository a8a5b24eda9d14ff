/** Which way the stack runs: by Docker compose or as plain processes. */
import { current, MODES, type Mode } from './current.ts';
import { hasEngine } from './engine.ts';
import { fileSettings, shellSettings } from './settings.ts';

/** What STACK asks for; undefined when it asks for nothing. */
export function modeAskedFor(): string | undefined {
  return shellSettings['STACK'] || fileSettings['STACK'] || undefined;
}

/** What is up, or asked for, or can be had: compose where there is an engine. */
export function modeOf(): Mode {
  const asked = MODES.find((mode) => mode === modeAskedFor());
  return current?.mode ?? asked ?? (hasEngine() ? 'compose' : 'processes');
}

/** A line when STACK is no way to run the stack. */
export function modeProblems(): string[] {
  const asked = modeAskedFor();
  if (asked === undefined || MODES.some((mode) => mode === asked)) return [];
  return [`STACK is ${MODES.join(' or ')}`];
}
