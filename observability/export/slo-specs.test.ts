/** The OpenSLO documents have the fields that version 1 of the specification asks for, and no others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { slo } from '../slo.ts';
import { openSlo, slothSpec } from './slo-specs.ts';

// From the text of https://github.com/OpenSLO/OpenSLO (openslo/v1), which has no machine-readable schema.
const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const metadata = z.strictObject({ name });
const description = z.string().max(1050);
const metric = z.strictObject({
  metricSource: z.strictObject({
    type: z.literal('Prometheus'),
    spec: z.strictObject({ query: z.string().min(1) }),
  }),
});
const indicator = z.strictObject({
  metadata,
  spec: z.strictObject({
    ratioMetric: z.strictObject({ counter: z.boolean(), bad: metric, total: metric }),
  }),
});
const service = z.strictObject({
  apiVersion: z.literal('openslo/v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z.strictObject({ description }),
});
const objective = z.strictObject({
  apiVersion: z.literal('openslo/v1'),
  kind: z.literal('SLO'),
  metadata,
  spec: z.strictObject({
    description,
    service: name,
    indicator,
    timeWindow: z
      .array(
        z.strictObject({
          duration: z.string().regex(/^\d+[mhdwMQY]$/),
          isRolling: z.literal(true),
        }),
      )
      .length(1),
    budgetingMethod: z.literal('Occurrences'),
    objectives: z.array(z.strictObject({ target: z.number().gte(0).lt(1) })).length(1),
  }),
});

for (const [profileName, profile] of Object.entries(slo.profiles)) {
  test(`openSlo: a service and each objective of ${profileName}, in the form of version 1`, () => {
    const documents = parseAllDocuments(openSlo(profile).text).map((document) => document.toJS());
    const [first, ...rest] = documents;
    assert.equal(service.parse(first).metadata.name, 'claude-observatory');
    const targets = rest.map((document) => objective.parse(document).spec.objectives[0]?.target);
    assert.deepEqual(
      targets,
      Object.values(profile.objectives).map(({ goodRatio }) => goodRatio),
    );
  });
}

test('slothSpec: percentages are as people write them', () => {
  const { text } = slothSpec(slo.profiles.documented);
  assert.deepEqual(
    [...text.matchAll(/objective: (.*)/g)].map(([, percent]) => percent),
    ['99.5', '99', '99', '99'],
  );
});
