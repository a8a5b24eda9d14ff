/** Why a figure was missed, where somebody has looked: shown on the page beside what was not reached, and only then. */

/** By the name of the figure (`reach.ts`). */
export const REASONS: Readonly<Record<string, string>> = {};
