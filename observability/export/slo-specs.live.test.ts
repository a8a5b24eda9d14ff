/** Sloth itself reads the exported specification, and derives the burn rates that our rules have. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { budgetOf, objectivesOf } from '../generate/rules/recording.ts';
import { findTool } from '../local/paths.ts';
import { type ProfileName, slo } from '../slo.ts';
import { slothSpec } from './slo-specs.ts';

/** One condition of an alert: the share in both windows is above factor × budget. */
interface Burn {
  readonly factor: number;
  readonly budget: number;
  readonly windows: readonly string[];
  readonly severity: string;
}

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** @returns what Sloth makes of the specification, by the name of the objective */
function slothRules(profile: ProfileName): Map<string, Burn[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-'));
  try {
    const file = join(folder, 'sloth.yml');
    writeFileSync(file, slothSpec(slo.profiles[profile]).text);
    const args = ['generate', '--no-log', '-i', file];
    const text = execFileSync(findTool('sloth') ?? '', args, { encoding: 'utf8' });
    const documents = parseAllDocuments(text).map((document) => document.toJS());
    const rules: Rule[] = documents.flatMap(({ groups }) =>
      groups.flatMap((group: { rules: Rule[] }) => group.rules),
    );
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    return Map.groupBy(
      alerts.flatMap((alert) => burnsOf(alert)),
      ({ objective }) => objective,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const WINDOW =
  /ratio_rate(\w+)\{[^}]*sloth_slo="([\w-]+)"\} > \(([\d.]+) \* ([\d.e-]+)\)\) without/g;

/** Sloth puts two speeds into one alert, joined by `or`. */
function burnsOf({ expr, labels }: Rule): (Burn & { readonly objective: string })[] {
  return expr.split(/^or$/m).map((condition) => {
    const found = [...condition.matchAll(WINDOW)];
    const [, , objective = '', factor = '', budget = ''] = found[0] ?? assert.fail(condition);
    return {
      objective,
      factor: Number(factor),
      // Sloth has 0.0050000000000000044 where people write 0.005.
      budget: Number(Number(budget).toPrecision(12)),
      windows: found.map(([, window = '']) => window),
      severity: labels['severity'] ?? '',
    };
  });
}

const skip = findTool('sloth') ? false : 'no sloth here';
for (const profile of Object.keys(slo.profiles) as ProfileName[]) {
  test(`sloth: from the specification of ${profile} it derives our factors, windows, budgets and severities`, {
    skip,
  }, () => {
    const derived = slothRules(profile);
    const objectives = objectivesOf(slo.profiles[profile]);
    assert.equal(derived.size, objectives.length);
    for (const [name, objective] of objectives) {
      const expected = slo.burnRates.map(({ factor, short, long, severity }) => ({
        objective: name.replaceAll('_', '-'),
        factor,
        budget: budgetOf(objective),
        windows: [short, long],
        severity,
      }));
      assert.deepEqual(derived.get(name.replaceAll('_', '-')), expected);
    }
  });
}
