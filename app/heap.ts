/** How this process uses V8's heap. */
import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 allocate every object young. Where objects of one kind have outlived a few collections, as those of calls
 * do that wait for Claude, it allocates the next ones old (pretenuring). There they are dead within milliseconds,
 * but keep all that they refer to, the whole call, until the next full collection: each small one has to copy it.
 * Call it before there is any load; what has been decided stays. See docs/adr/0044.
 */
export function keepCallsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
