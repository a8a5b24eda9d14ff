/** Links to Explore hold their query whatever is in it, and Grafana’s variables as they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesLink, tracesLink } from './explore.ts';

const queriesOf = (url: string) => {
  const panes = new URLSearchParams(url.split('?')[1]).get('panes');
  return JSON.parse(panes ?? '').one.queries;
};

test('tracesLink: quotes and ampersands of TraceQL arrive in Explore', () => {
  const query = '{ span."a.b" = "x" && duration > 1s }';
  const [opened] = queriesOf(tracesLink(query));
  assert.equal(opened.query, query);
  assert.equal(opened.queryType, 'traceql');
});

test('linesLink: a variable stands in the link as Grafana looks for it', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
  const label = '${__field.labels.outcome}';
  const link = linesLink(`{service_name=~".+"} | outcome="${label}"`);
  assert(link.includes(label), link);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
  assert(link.includes('${__from}'), link);
});
