/** Recordings of the profile `production` over buckets as Prometheus 2 and 3 name them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTool } from '../../local/paths.ts';
import { slo } from '../../slo.ts';
import { ruleFiles } from './files.ts';

const METRIC = 'claude_api_time_to_first_token_seconds';

for (const le of ['5', '5.0']) {
  test(`recordings of production: the bucket of 5 s is found under le="${le}"`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'observatory-recording-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const rules = ruleFiles(slo.profiles.production)['recording.yml'] ?? '';
    writeFileSync(join(folder, 'recording.yml'), rules);
    const series = (name: string, values: string) => ({ series: name, values });
    const tests = [
      {
        interval: '1m',
        input_series: [
          series(`${METRIC}_count{job="a"}`, '1000+4x20'),
          series(`${METRIC}_bucket{job="a",le="${le}"}`, '1000+3x20'),
          series(`${METRIC}_bucket{job="a",le="+Inf"}`, '1000+4x20'),
        ],
        promql_expr_test: [
          {
            expr: 'round(job:claude_first_token:error_ratio_rate5m, 0.01)',
            eval_time: '20m',
            exp_samples: [{ labels: '{job="a"}', value: 0.25 }],
          },
        ],
      },
    ];
    const file = join(folder, 'recording.test.yml');
    writeFileSync(file, JSON.stringify({ rule_files: ['recording.yml'], tests }));
    execFileSync(findTool('promtool') ?? 'promtool', ['test', 'rules', file]);
  });
}
