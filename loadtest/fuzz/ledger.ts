/** Holds log lines and metrics of a round against what its clients saw: everything is counted, and once. */

import type { Scrape } from '../../app/testing/samples.ts';
import type { LogLine } from '../../app/testing/service-process.ts';
import type { Case } from './case.ts';
import type { Verdict } from './judge.ts';

export interface Round {
  readonly cases: readonly { readonly played: Case; readonly verdict: Verdict }[];
  /** Log lines since the round began. */
  readonly lines: readonly LogLine[];
  readonly before: Scrape;
  readonly after: Scrape;
}

/** A batch of one item may count its item, and itself where it was refused. */
const BATCH = '/v1/batch';

/** @returns a sentence for each thing that is counted wrongly */
export function ledgerProblems(round: Round): string[] {
  return [...lineProblems(round), ...callProblems(round), ...refusalProblems(round)];
}

const idOf = (line: LogLine) => String(line['correlation_id']);

/** Every whole request has one access line, and a client who got an answer is not said to have left. */
function lineProblems({ cases, lines }: Round): string[] {
  const access = Map.groupBy(
    lines.filter(({ msg }) => msg === 'request'),
    idOf,
  );
  return cases.flatMap(({ played, verdict }) =>
    played.requests.flatMap(({ id, method, left }, i) => {
      const isDue = played.leaves || i < verdict.answers.length;
      if (id === undefined || !isDue) return [];
      const found = access.get(id) ?? [];
      if (found.length !== 1) return [`${found.length} access lines of ${method} ${id}`];
      const logged = Number(found[0]?.['status']);
      const answered = verdict.answers[i]?.status;
      if (played.leaves || (left && logged === 499)) return [];
      return logged === answered ? [] : [`${id} was answered ${answered}, and logged as ${logged}`];
    }),
  );
}

/** Each call has one log line, each request that was refused before it became one has its access line alone. */
function callProblems({ lines, before, after }: Round): string[] {
  const name = 'claude_api_requests_total';
  const counted = after.sum(name) - before.sum(name);
  const calls = lines.filter(({ msg }) => msg === 'call');
  const withCall = new Set(calls.map(idOf));
  const access = lines.filter(
    ({ msg, route }) => msg === 'request' && String(route).startsWith('/v1/'),
  );
  const others = access.filter((line) => !withCall.has(idOf(line)) && line['status'] !== 405);
  const refused = others.filter(({ status }) => status !== 499);
  const least = calls.length + refused.filter(({ route }) => route !== BATCH).length;
  const batches = access.filter(({ route }) => route === BATCH).length;
  const most = calls.length + others.length + batches;
  if (counted >= least && counted <= most) return [];
  return [`${counted} calls were counted, where log lines tell of ${least} to ${most}`];
}

/** What the service says to a request whose host or target it does not serve. */
const NOT_SERVED = /this host is not served|exactly one valid Host|neither a path nor a URL/;

/** What is no request is counted once for its connection, answered or not; so is each bad host and target. */
function refusalProblems({ cases, lines, before, after }: Round): string[] {
  const name = 'claude_http_refused_requests_total';
  const counted = after.sum(name) - before.sum(name);
  const logged = new Set(lines.filter(({ msg }) => msg === 'request').map(idOf));
  let least = 0;
  let most = 0;
  for (const { played, verdict } of cases) {
    const { answers } = verdict;
    const notServed = answers.filter(({ body }) => NOT_SERVED.test(body)).length;
    const noRequests = answers.filter(({ status, headers }) => {
      return status >= 400 && !logged.has(headers.get('x-correlation-id') ?? '');
    }).length;
    const unanswered = Math.max(0, played.requests.length - answers.length);
    // Of some requests only the end turns out to be no HTTP.
    const isBroken = answers.some(({ body }) => body.includes('not valid HTTP'));
    const mayBeRefused = played.leaves || played.tail !== 'nothing' || isBroken ? 1 : 0;
    least += notServed + noRequests;
    most += notServed + unanswered + Math.max(noRequests, mayBeRefused);
  }
  if (counted >= least && counted <= most) return [];
  return [`${counted} refused requests were counted, where ${least} to ${most} were made`];
}
