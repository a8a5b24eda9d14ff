/** Keys from an environment variable, which cannot change while the process lives. */
import { type KeySource, keysFromText } from './source.ts';

/** @param value of the variable: one key, or a JSON object of alias → key */
export function envSource(variable: string, value: string | undefined): KeySource {
  const name = `env:${variable}`;
  return { name, fixed: true, read: async () => ({ current: keysFromText(value ?? '', name) }) };
}
