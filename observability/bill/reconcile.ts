/** Holds what was counted against what was billed. */
import type { BilledLine } from './cost-report.ts';

export interface ModelCost {
  /** US dollars at list price. */
  readonly list: number;
  /** After discounts. */
  readonly charged: number;
  /** At list price, as the service has counted them. */
  readonly counted: number;
}

export interface Reconciliation {
  /** By the service's label `model`; `none` is what the report gives to no model. */
  readonly models: ReadonlyMap<string, ModelCost>;
  /** List price of what the service does not count, by its kind. */
  readonly uncounted: ReadonlyMap<string, number>;
  /** Counted by billed, of all models; undefined where nothing was billed. */
  readonly ratio: number | undefined;
}

/** What the service prices (docs/cost.md). */
const COUNTED: ReadonlySet<string> = new Set(['tokens', 'web_search']);
/** The kinds that it does not, and that are known to exist. */
export const UNCOUNTED = ['code_execution', 'session_usage', 'other'] as const;

const NOTHING: ModelCost = { list: 0, charged: 0, counted: 0 };

/** @param counted dollars by the label `model` */
export function reconcile(
  billed: readonly BilledLine[],
  counted: ReadonlyMap<string, number>,
): Reconciliation {
  const models = new Map<string, ModelCost>();
  const uncounted = new Map<string, number>(UNCOUNTED.map((kind) => [kind, 0]));
  const add = (model: string, part: Partial<ModelCost>) => {
    const sum = models.get(model) ?? NOTHING;
    models.set(model, {
      list: sum.list + (part.list ?? 0),
      charged: sum.charged + (part.charged ?? 0),
      counted: sum.counted + (part.counted ?? 0),
    });
  };
  for (const [model, dollars] of counted) add(model, { counted: dollars });
  for (const { model, costType, listDollars, chargedDollars } of billed) {
    if (COUNTED.has(costType)) {
      add(labelOf(model, counted), { list: listDollars, charged: chargedDollars });
    } else {
      const kind = uncounted.has(costType) ? costType : 'other';
      uncounted.set(kind, (uncounted.get(kind) ?? 0) + listDollars);
    }
  }
  const { list, counted: ours } = totalOf(models);
  return { models, uncounted, ratio: list > 0 ? ours / list : undefined };
}

/** A dated ID belongs to its name, and a model that has no series of ours is `other`, as with the service's label. */
function labelOf(model: string | undefined, counted: ReadonlyMap<string, number>): string {
  if (model === undefined) return 'none';
  const name = model.replace(/-\d{8}$/, '');
  return counted.has(name) ? name : 'other';
}

export function totalOf(models: Reconciliation['models']): ModelCost {
  return [...models.values()].reduce((sum, { list, charged, counted }) => {
    return {
      list: sum.list + list,
      charged: sum.charged + charged,
      counted: sum.counted + counted,
    };
  }, NOTHING);
}
