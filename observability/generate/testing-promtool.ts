/** For tests: Prometheus' own program evaluates an expression over series with known results. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findTool } from '../local/paths.ts';

/** Values a minute apart, as promtool writes them, by series. */
export type Series = Readonly<Record<string, string>>;

/**
 * @param expr gives one sample without labels, or none
 * @param value of the sample; undefined for none
 * @param at promtool's time of the evaluation
 * @throws {Error} with promtool's words when the expression has another value
 */
export function expectValue(
  expr: string,
  series: Series,
  value: number | undefined,
  at = '10m',
): void {
  const file = join(mkdtempSync(join(tmpdir(), 'promql-')), 'expr.test.yml');
  const samples = value === undefined ? [] : [{ labels: '{}', value }];
  const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  const promql_expr_test = [{ expr, eval_time: at, exp_samples: samples }];
  const tests = [{ interval: '1m', input_series, promql_expr_test }];
  writeFileSync(file, stringify({ evaluation_interval: '1m', tests }));
  try {
    execFileSync(findTool('promtool') ?? 'promtool', ['test', 'rules', file]);
  } finally {
    rmSync(join(file, '..'), { recursive: true });
  }
}
