import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createResource, serviceNameOf } from './resource.ts';

function setEnv(t: TestContext, env: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env = { ...env };
}

const nameWith = (t: TestContext, env: Readonly<Record<string, string>>) => {
  setEnv(t, env);
  return serviceNameOf(createResource('1.2.3'));
};

test('createResource: the service is called claude-observatory unless OTEL_SERVICE_NAME says otherwise', (t) => {
  assert.equal(nameWith(t, {}), 'claude-observatory');
  assert.equal(nameWith(t, { OTEL_SERVICE_NAME: '' }), 'claude-observatory');
  assert.equal(nameWith(t, { OTEL_SERVICE_NAME: 'mine' }), 'mine');
});

test('createResource: OTEL_SERVICE_NAME has precedence over OTEL_RESOURCE_ATTRIBUTES', (t) => {
  const OTEL_RESOURCE_ATTRIBUTES = 'service.name=listed,deployment.environment.name=test';
  assert.equal(nameWith(t, { OTEL_RESOURCE_ATTRIBUTES }), 'listed');
  assert.equal(nameWith(t, { OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: 'mine' }), 'mine');
});

test('createResource: it has the version and an instance ID, but no host, process or command line', (t) => {
  setEnv(t, {});
  const { attributes } = createResource('1.2.3');
  assert.deepEqual(Object.keys(attributes).toSorted(), [
    'service.instance.id',
    'service.name',
    'service.version',
  ]);
  assert.equal(attributes['service.version'], '1.2.3');
});
