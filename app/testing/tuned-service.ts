/** For tests: the service's process with other figures than its own, given as JSON on the command line. */
import { main } from '../main.ts';

await main(JSON.parse(process.argv[2] ?? '{}'));
