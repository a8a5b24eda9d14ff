/**
 * How fast a model writes what its reader gets: tokens of text and of tool input, by the time in which those very
 * tokens came.
 */

/** A shorter answer, or one that came at once, says nothing about the speed of a model. */
const MIN_TOKENS = 10;
const MIN_MS = 100;
/** A token has about 2.5 characters; where there are so many more tokens, most of them were never streamed. */
const MAX_TOKENS_PER_CHARACTER = 2;

export class WritingRate {
  #characters = 0;
  /** Those that came after another piece of their run, whose distance is known. */
  #timedCharacters = 0;
  #timedMs = 0;
  #lastAtMs = 0;
  #run: number | undefined;

  /**
   * @param atMs when a piece arrived
   * @param characters of its text or tool input; thinking has none
   * @param run between two runs something else was done than writing, which takes no time here
   */
  add(atMs: number, characters: number, run: number): void {
    if (characters === 0) return;
    this.#characters += characters;
    if (run === this.#run) {
      this.#timedCharacters += characters;
      this.#timedMs += atMs - this.#lastAtMs;
    }
    this.#lastAtMs = atMs;
    this.#run = run;
  }

  /**
   * @param tokens of all that was written, as reported; undefined where that is not known
   * @returns tokens a second; undefined where there is too little to tell
   */
  perSecond(tokens: number | undefined): number | undefined {
    if (tokens === undefined || this.#timedMs < MIN_MS) return undefined;
    if (tokens > this.#characters * MAX_TOKENS_PER_CHARACTER) return undefined;
    const timed = (tokens * this.#timedCharacters) / this.#characters;
    return timed < MIN_TOKENS ? undefined : (timed * 1_000) / this.#timedMs;
  }
}
