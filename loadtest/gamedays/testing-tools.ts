/** For tests that play game days: whether this machine has the programs. */
import { checkTools } from './world.ts';

/** @returns why it cannot play them, or false when it can, as the option `skip` of a test wants it */
export function missingTools(): string | false {
  try {
    checkTools({});
    return false;
  } catch (error) {
    return (error as Error).message;
  }
}
