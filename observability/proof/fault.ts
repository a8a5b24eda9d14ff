/** The form of a fault in the proof of life. */
import type { World } from './world.ts';

export interface Fault {
  /** What happens, for the title of its test. */
  readonly name: string;
  /** Lets it happen, with the traffic that feels it, and puts right what the other faults need. */
  readonly happen: (world: World) => Promise<void>;
  /** Takes the place of that other fault once it has been seen. */
  readonly after?: string;
  /** What is not zero then: a part of the place, such as `panel claude-calls › Circuits`, or of the query. */
  readonly shows: readonly string[];
}
