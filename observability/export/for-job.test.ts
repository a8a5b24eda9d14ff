import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forJob } from './for-job.ts';

const CASES: readonly [what: string, text: string, expected: string][] = [
  ['a matcher', 'up{job="claude-observatory"}', 'up{job="a/b.c"}'],
  ['a pattern', 'up{job=~"claude-observatory|stack"}', 'up{job=~"a/b[.]c|stack"}'],
  ['a link', 'd/claude-calls?var-job=claude-observatory', 'd/claude-calls?var-job=a%2Fb.c'],
  ['an expected label', 'job: claude-observatory\n', 'job: a/b.c\n'],
  ['a summary', 'No instance of claude-observatory can', 'No instance of a/b.c can'],
  ['a longer name', 'claude-observatory-eu my-claude-observatory', ''],
  ['the label of the pack', 'pack: claude-observatory\nALERTS{pack="claude-observatory"}', ''],
  ['another job', 'up{job="stack"}', ''],
];
for (const [what, text, expected] of CASES) {
  test(`forJob: ${what} ${expected ? 'names the job' : 'stays as it is'}`, () => {
    assert.equal(forJob(text, 'a/b.c'), expected || text);
  });
}
