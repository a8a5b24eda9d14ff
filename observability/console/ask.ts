/** Asks another part of the stack over HTTP, with a time limit and an error in plain words. */
import type { ConsoleOptions, PartName } from './options.ts';
import { notThere, PART_WORDS, Refusal } from './refusal.ts';

const TIMEOUT_MS = 10_000;

export type Parts = ConsoleOptions['parts'];

/** @throws {Refusal} when this stack has no such part */
export function partOf(parts: Parts, name: PartName) {
  const part = parts[name];
  if (part === undefined) throw new Refusal(404, `This stack has nothing as ${PART_WORDS[name]}.`);
  return part;
}

/** @throws {Refusal} when the part is not there or too slow; an answer of any status is an answer */
export async function ask(
  parts: Parts,
  name: PartName,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const part = partOf(parts, name);
  try {
    const { signal = AbortSignal.timeout(TIMEOUT_MS), ...rest } = init;
    return await fetch(`${part.asked}${path}`, { redirect: 'manual', ...rest, signal });
  } catch (error) {
    throw notThere(name, part, error);
  }
}

/** @throws {Refusal} when the part is not there, or its answer is not JSON */
export async function askJson(
  parts: Parts,
  name: PartName,
  path: string,
  init?: RequestInit,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await ask(parts, name, path, init);
  const { status } = response;
  // It may break off, or take too long, in the middle of its answer.
  const text = await response.text().catch((error: unknown) => {
    throw notThere(name, partOf(parts, name), error);
  });
  try {
    return { status, body: JSON.parse(text) as unknown };
  } catch {
    throw new Refusal(
      502,
      `What answers as ${PART_WORDS[name]} is something else (status ${status}, no JSON).`,
    );
  }
}
