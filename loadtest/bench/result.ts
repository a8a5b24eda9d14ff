/** The result of a run is one file of raw figures, from which the page is written. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ArticleRow } from './article/table.ts';
import type { BenchOptions } from './options.ts';
import type { Pairs } from './pairs/pairs.ts';
import type { Scale } from './scale/measure.ts';
import type { StageCosts } from './stages/costs.ts';
import type { Visit } from './visit.ts';

export interface SubjectFacts {
  readonly name: string;
  readonly label: string;
  readonly kind: 'limit' | 'ours' | 'client' | 'gateway';
  readonly version: string;
}

export interface Result {
  /** When the run began, ISO 8601. */
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly kernel: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly options: BenchOptions;
  readonly pinning: string;
  readonly seconds: number;
  readonly subjects: readonly SubjectFacts[];
  /** Every subject that has no figures, and why. */
  readonly notMeasured: readonly { readonly name: string; readonly reason: string }[];
  readonly visits: readonly Visit[];
  readonly pairs?: Pairs;
  readonly stages?: StageCosts;
  readonly article?: readonly ArticleRow[];
  readonly scale?: Scale;
}

/** The run behind docs/performance.md: the only committed file of its folder. */
export const PAGE_RESULT = fileURLToPath(new URL('results/page.json', import.meta.url));

export function readResult(path = PAGE_RESULT): Result {
  return JSON.parse(readFileSync(path, 'utf8')) as Result;
}

export function writeResult(result: Result, path: string): void {
  mkdirSync(fileURLToPath(new URL('results', import.meta.url)), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, undefined, 1)}\n`);
}
