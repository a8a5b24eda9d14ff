/** Answers of the API that come rarely, and the panels that must show them. */
import { calls, during } from './calls.ts';
import type { Fault } from './fault.ts';
import type { World } from './world.ts';

type Kind = Parameters<typeof during>[1][number]['kind'];

const answered = (kind: Kind) => (world: World) =>
  during(world, [{ kind }], () => calls(world, 3, { stream: true }));
const places = (dashboard: string, ...titles: readonly string[]) =>
  titles.map((title) => `panel ${dashboard} › ${title}`);

export const ANSWERS: readonly Fault[] = [
  {
    name: 'the model refuses',
    happen: answered('stop_reason:refusal'),
    shows: places('claude-calls', 'Refusals by category', 'Why messages ended'),
  },
  {
    name: 'answers are cut at max_tokens',
    happen: answered('stop_reason:max_tokens'),
    shows: places('claude-calls', 'Answers cut at max_tokens'),
  },
  {
    name: 'the load grows faster than the account may',
    happen: answered('error_code:ramp_limit_exceeded'),
    shows: places('claude-calls', 'Error codes of the API'),
  },
  {
    name: 'the system prompt has changed, so the cache misses',
    happen: answered('cache_miss:system_changed'),
    shows: places('claude-cost', 'Why the cache missed'),
  },
];
