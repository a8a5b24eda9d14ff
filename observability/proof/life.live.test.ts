/**
 * Proof of life: the real stack runs, everything goes wrong in turn, and the real Prometheus is asked every expression
 * of every panel, variable, annotation, rule and runbook.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import { committedDashboards, committedRules } from '../generate/checks/committed.ts';
import { committedExpressions } from '../generate/checks/expressions.ts';
import { findTool } from '../local/paths.ts';
import { Evidence, type Question, questionsOf } from './evidence.ts';
import { FAULTS, goodCalls } from './faults.ts';
import { startLoad } from './load.ts';
import { NO_DATA } from './no-data.ts';
import { startWorld, type World } from './world.ts';

/** All evidence must be there by then, counted from the start of the stack. It takes a minute, or two under load. */
const LIMIT_MS = 240_000;

const questions = committedExpressions()
  .filter(({ language }) => language === 'promql')
  .flatMap(questionsOf);
const expected = questions.filter(
  ({ query }) => !NO_DATA.some((none) => query.includes(none.query)),
);

const lines = (found: readonly Question[], evidence: Evidence) =>
  found.map((question) => `${question.where}: ${evidence.of(question)}: ${question.query}`);

describe('proof of life', {
  concurrency: false,
  skip: findTool('otelcol') && findTool('prometheus') ? false : 'no collector or Prometheus here',
}, () => {
  let world: World;
  let evidence: Evidence;
  let isOver = false;
  let traffic: Promise<void>;
  let endLoad: (() => Promise<void>) | undefined;
  let endMs: number;

  const shownBy = (shows: readonly string[]) =>
    expected.filter(({ where, query }) =>
      shows.some((part) => where.includes(part) || query.includes(part)),
    );
  const isSeen = (name: string) => {
    const { shows = [] } = FAULTS.find((fault) => fault.name === name) ?? {};
    return shownBy(shows).every((question) => evidence.of(question) === 'a value');
  };

  async function keepGoing(): Promise<void> {
    while (!isOver) {
      await goodCalls(world);
      for (const { name, after: first, happen } of FAULTS) {
        const isReplaced = FAULTS.some((other) => other.after === name) && isSeen(name);
        if (!isReplaced && (first === undefined || isSeen(first))) await happen(world);
      }
      await evidence.gather(expected);
    }
  }

  before(async () => {
    world = await startWorld();
    evidence = new Evidence(world.prometheus);
    world.raiseAlarm();
    endLoad = startLoad(world);
    endMs = performance.now() + LIMIT_MS;
    traffic = keepGoing();
  });
  after(async () => {
    isOver = true;
    await traffic;
    await endLoad?.();
    await world?.stop();
  });

  /** Waits until nothing is missing, and fails with what still is. */
  async function untilNone(missing: () => readonly Question[]): Promise<void> {
    const timeoutMs = Math.max(0, endMs - performance.now());
    await eventually(() => missing().length === 0, { timeoutMs }).catch(() => undefined);
    assert.deepEqual(lines(missing(), evidence), []);
  }
  const hasNoData = (question: Question) => !['zero', 'a value'].includes(evidence.of(question));

  for (const { file, dashboard } of committedDashboards()) {
    const own = expected.filter(({ where }) => where.includes(` ${dashboard.uid} › `));
    if (own.length === 0) continue;
    test(`${file}: each of ${own.length} questions to Prometheus has finite data`, () =>
      untilNone(() => own.filter(hasNoData)));
  }

  for (const file of new Set(committedRules().map((each) => each.file))) {
    const own = expected.filter(({ where }) => where.startsWith(`rule ${file} `));
    test(`${file}: each of ${own.length} selectors of its rules has data`, () =>
      untilNone(() => own.filter(hasNoData)));
  }

  const ofRunbooks = expected.filter(({ where }) => where.startsWith('runbook '));
  test(`runbooks: each of ${ofRunbooks.length} selectors of their queries has data`, () =>
    untilNone(() => ofRunbooks.filter(hasNoData)));

  for (const { name, shows } of FAULTS) {
    test(`${name}: ${shownBy(shows).length} expressions are not zero`, () => {
      for (const place of shows)
        assert(shownBy([place]).length > 0, `nothing is shown at ${place}`);
      return untilNone(() =>
        shownBy(shows).filter((question) => evidence.of(question) !== 'a value'),
      );
    });
  }

  test('expressions without data are listed because they have none', () => {
    const idle = NO_DATA.filter(
      (none) => !questions.some(({ query }) => query.includes(none.query)),
    );
    assert.deepEqual(idle, []);
  });
});
