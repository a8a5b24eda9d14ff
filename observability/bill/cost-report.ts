/**
 * Reads what the organisation was billed from Anthropic's Admin API (beta): `GET /v1/organizations/analytics/cost`.
 * The fields are those of the official SDK, resources/beta/organization/analytics/cost.
 */
import { z } from 'zod';
import { getJson, ReadError } from './get-json.ts';
import type { BillSettings } from './settings.ts';

/** Whole hours, from the start up to the end. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** What one model was billed for one kind of thing within the window. */
export interface BilledLine {
  /** As the report names it; undefined for what belongs to no model. */
  readonly model: string | undefined;
  /** `tokens`, `web_search`, `code_execution`, `session_usage`, or one that the API has since added. */
  readonly costType: string;
  /** US dollars before discounts, and after them. */
  readonly listDollars: number;
  readonly chargedDollars: number;
}

const BETA = 'analytics-usage-cost-2026-08-24';
const FROM = 'the cost report';
const PAGE_ROWS = 1_000;
/** A report by model and kind has a page or two. */
const MAX_PAGES = 50;

/** Fractional cents, as text: https://platform.claude.com/docs/en/api/admin */
const cents = z
  .string()
  .regex(/^-?\d{1,15}(\.\d{1,20})?$/)
  .transform(Number);
const row = z.object({
  starting_at: z.iso.datetime({ offset: true }),
  ending_at: z.iso.datetime({ offset: true }),
  cost: z.object({ amount: cents, list_amount: cents, currency: z.literal('USD') }),
  group: z.object({ model: z.string().max(200).nullish(), cost_type: z.string().max(100) }),
});
const page = z.object({
  data: z.array(row).max(50_000),
  has_more: z.boolean(),
  next_page: z.string().max(4_096).nullable(),
  data_refreshed_at: z.iso.datetime({ offset: true }).nullish(),
});

/**
 * Reads all pages of the report; a part of them would look like a bill that is too low, so it is all or nothing.
 * @throws {ReadError} also `stale`, where the report does not reach the end of the window yet
 */
export async function readCostReport(
  settings: BillSettings,
  window: Window,
): Promise<readonly BilledLine[]> {
  const lines: BilledLine[] = [];
  const seen = new Set<string>();
  let next: string | null = null;
  do {
    const found: z.infer<typeof page> = await readPage(settings, window, next);
    checkWindow(found, window);
    lines.push(...found.data.map(lineOf));
    next = found.has_more ? found.next_page : null;
    if (found.has_more && (next === null || seen.has(next) || seen.size + 1 >= MAX_PAGES)) {
      throw new ReadError('malformed', `${FROM} has no end`);
    }
    if (next !== null) seen.add(next);
  } while (next !== null);
  return lines;
}

async function readPage(settings: BillSettings, window: Window, next: string | null) {
  const { apiUrl, adminKey, workspaceIds, apiKeyIds } = settings;
  const url = new URL(`${apiUrl}/v1/organizations/analytics/cost`);
  const query = url.searchParams;
  query.set('starting_at', new Date(window.startMs).toISOString());
  query.set('ending_at', new Date(window.endMs).toISOString());
  query.set('limit', String(PAGE_ROWS));
  for (const dimension of ['model', 'cost_type']) query.append('group_by[]', dimension);
  for (const id of workspaceIds) query.append('workspace_ids[]', id);
  for (const id of apiKeyIds) query.append('api_key_ids[]', id);
  if (next !== null) query.set('page', next);
  const { data, error } = page.safeParse(
    await getJson(FROM, url, {
      'x-api-key': adminKey,
      'anthropic-version': '2023-06-01',
      'anthropic-beta': BETA,
    }),
  );
  if (data) return data;
  const where = error.issues[0]?.path.join('.') ?? '';
  throw new ReadError('malformed', `${FROM} has another form at "${where}"`);
}

function checkWindow({ data, data_refreshed_at: refreshed }: z.infer<typeof page>, window: Window) {
  const isAnother = (line: z.infer<typeof row>) =>
    Date.parse(line.starting_at) < window.startMs || Date.parse(line.ending_at) > window.endMs;
  if (data.some(isAnother)) {
    throw new ReadError('malformed', `${FROM} is about another time than was asked for`);
  }
  const reachesMs = refreshed ? Date.parse(refreshed) : window.endMs;
  if (reachesMs < window.endMs) {
    const time = new Date(reachesMs).toISOString();
    throw new ReadError('stale', `${FROM} only reaches ${time}; raise BILL_LAG_HOURS`);
  }
}

function lineOf({ cost, group }: z.infer<typeof row>): BilledLine {
  return {
    model: group.model ?? undefined,
    costType: group.cost_type,
    listDollars: cost.list_amount / 100,
    chargedDollars: cost.amount / 100,
  };
}
