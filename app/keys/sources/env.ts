/** Keys from an environment variable: they change with the process only. */
import { type KeySource, keysFromText } from './source.ts';

/** @param value of the variable: one key, or JSON of alias → key */
export function envSource(variable: string, value: string | undefined): KeySource {
  const name = `env:${variable}`;
  return { name, fixed: true, read: async () => ({ current: keysFromText(value ?? '', name) }) };
}
