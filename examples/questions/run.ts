/** `make questions`: measures the examples of the article's three questions and writes the figures into their pages. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../observability/local/paths.ts';
import { between } from './figures.ts';
import { measure as regions } from './regions.ts';
import { measure as serverless } from './serverless.ts';
import { measure as streams } from './streams.ts';

const QUESTIONS = { upstreams: regions, streams, serverless };

/** Writes one page after the other, each with the conditions of its figures. */
for (const [page, measure] of Object.entries(QUESTIONS)) {
  process.stdout.write(`measuring docs/${page}.md\n`);
  const file = join(ROOT, `docs/${page}.md`);
  const figures = await measure();
  const where = `Measured by \`make questions\` on Node ${process.version}, ${availableParallelism()} cores, against the simulator.`;
  writeFileSync(file, between(readFileSync(file, 'utf8'), `${figures}\n\n${where}`));
}
