/** Listeners of a bound emitter run in its context, as they do with the SDK's own context manager. */
import assert from 'node:assert/strict';
import { EventEmitter, errorMonitor } from 'node:events';
import { test } from 'node:test';
import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { LeanContextManager } from './context-manager.ts';

const KEY = createContextKey('name');
const named = (name: string) => ROOT_CONTEXT.setValue(KEY, name);

for (const Manager of [LeanContextManager, AsyncLocalStorageContextManager]) {
  /** An emitter bound to a context, and what its listeners see when it emits. */
  function boundEmitter() {
    const manager = new Manager().enable();
    const emitter = manager.bind(named('bound'), new EventEmitter());
    const seen: unknown[] = [];
    const listener = () => seen.push(manager.active().getValue(KEY));
    return { manager, emitter, seen, listener };
  }

  test(`${Manager.name}: listeners of every kind run in the context that the emitter is bound to`, () => {
    const { manager, emitter, seen, listener } = boundEmitter();
    manager.with(named('adding'), () => {
      emitter.on('x', listener).prependListener('x', listener);
      emitter.once('x', listener).prependOnceListener('x', listener);
    });
    manager.with(named('emitting'), () => emitter.emit('x'));
    assert.deepEqual(seen, Array(4).fill('bound'));
    emitter.emit('x');
    assert.equal(seen.length, 6, 'two of them were for once');
    assert.equal(manager.active().getValue(KEY), undefined);
  });

  test(`${Manager.name}: a listener that is removed is gone`, () => {
    const { emitter, seen, listener } = boundEmitter();
    emitter.on('x', listener).off('x', listener);
    emitter.once('x', listener).removeListener('x', listener);
    assert.equal(emitter.emit('x'), false);
    assert.deepEqual(seen, []);
  });

  test(`${Manager.name}: the first context that an emitter is bound to stays`, () => {
    const { manager, emitter, seen, listener } = boundEmitter();
    manager.bind(named('second'), emitter).on('x', listener).emit('x');
    assert.deepEqual(seen, ['bound']);
  });

  test(`${Manager.name}: listeners get their emitter and arguments, and what they throw reaches who emits`, () => {
    const { manager, emitter } = boundEmitter();
    emitter.on('x', function (this: unknown, ...args: unknown[]) {
      assert.deepEqual([this, args], [emitter, [1, 2]]);
      throw new RangeError('of a listener');
    });
    assert.throws(() => emitter.emit('x', 1, 2), RangeError);
    assert.equal(manager.active(), ROOT_CONTEXT);
  });

  test(`${Manager.name}: whoever watches an error that nobody handles runs in the context too`, () => {
    const { emitter, seen, listener } = boundEmitter();
    emitter.on(errorMonitor, listener);
    assert.throws(() => emitter.emit('error', new RangeError('of nobody')), RangeError);
    assert.deepEqual(seen, ['bound']);
  });

  test(`${Manager.name}: a function is bound as well`, () => {
    const { manager } = boundEmitter();
    const bound = manager.bind(named('bound'), (n: number) => [n, manager.active().getValue(KEY)]);
    assert.deepEqual(bound(1), [1, 'bound']);
  });
}

test('LeanContextManager: an event that nobody listens to enters no context', (t) => {
  const manager = new LeanContextManager().enable();
  const entered = t.mock.method(manager, 'with');
  const emitter = manager.bind(named('bound'), new EventEmitter());
  assert.equal(emitter.emit('x'), false);
  assert.equal(entered.mock.callCount(), 0);
  emitter.on('x', () => {});
  assert.equal(emitter.emit('x'), true);
  assert.equal(entered.mock.callCount(), 1);
});
