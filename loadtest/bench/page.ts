/** docs/performance.md, from one result. */
import { articleTable } from './article/page.ts';
import { machineText, methodText, missingText, versionsText } from './method.ts';
import type { Result } from './result.ts';
import { scaleSection } from './scale/page.ts';
import {
  delayTable,
  growthTable,
  mainTable,
  missedText,
  reachTable,
  signalTable,
  stageTable,
  streamTable,
} from './tables.ts';

type Section = (result: Result) => string;

const overview: Section = (result) => `# What observability costs

This page says what each signal and stage costs in CPU time, latency and memory, and how that compares with other clients and
gateways. It was written by \`make bench\`; raw figures are in [page.json](../loadtest/bench/results/page.json). The limit is Express with
\`undici.request\` and nothing else: what remains of it is what the pipeline and its telemetry leave.

![Throughput of every subject as a share of the limit](performance.svg)

${machineText(result)}

## Reach

Judged by the median. Throughput is compared side by side ([method](#method)), all but LiteLLM's. What is wanted at least, and the aim, were set before anything was measured.

${reachTable(result)}

${missedText(result)}

## Throughput, cost and memory

${mainTable(result)}

Not measured:

${missingText(result)}
- Streams of the gateways: Portkey 1.15.2 answers a streamed \`/v1/messages\` with 500 under Node 24, and LiteLLM is left
  out of them, as it is of the slower upstream.
`;

const parts: Section = (result) => `## Signals

What a call costs more with one more signal, measured side by side with a service that lacks it. The first one, metrics,
brings OpenTelemetry's HTTP instrumentation, which the others need as well.

${signalTable(result)}

## Stages

${stageTable(result)}

## Streams

${streamTable(result)}

## With a slower upstream

${delayTable(result)}

## How cost grows

${growthTable(result)}
`;

const comparison: Section = (result) => `## The article's comparison

[The article](article.md) compares three clients. Each of its lines stands above what was measured. “A function around
the call” is what a span or a timer needs; a retry has to repeat the call as well. Trae's middleware has neither: its
lists run before and after a request, which is why the pipeline here goes around Trae. Axios has it as an adapter of
one's own, Got as handlers. Trae ignores \`agent\`, because it calls the global \`fetch\`.

${articleTable(result)}
`;

const method: Section = (result) => `## Method

${methodText(result)}

Versions:

${versionsText(result)}

Again: \`make bench\`; \`make bench QUICK=1\`, five minutes, to see that it runs; \`SUBJECTS=express,traces-10\`
compares some; \`PART=pairs\` takes only what is compared side by side, and keeps the other figures. \`make test\` holds a part of it as a ratio (\`loadtest/bench/overhead.load.test.ts\`).
`;

export function page(result: Result): string {
  const sections = [overview, parts, scaleSection, comparison, method];
  return sections
    .map((section) => section(result))
    .filter((text) => text !== '')
    .join('\n');
}
