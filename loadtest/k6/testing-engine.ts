/** For tests: runs a script in k6's JavaScript engine; engine/main.go tells what that is worth. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { findTool } from '../../observability/local/paths.ts';

/** The engine with its stand-ins, which `make test` builds; undefined where it was not built. */
export const ENGINE = findTool('k6-engine');

export const WITHOUT_ENGINE = ENGINE === undefined && 'run `make test`, which builds it with Go';

export interface EngineReport {
  /** Why the run ended early. */
  readonly failure?: string;
  /** What k6 would refuse in the options. */
  readonly problems: readonly string[];
  readonly options: {
    readonly scenarios: Readonly<Record<string, object>>;
    readonly thresholds: Readonly<Record<string, readonly string[]>>;
  };
  readonly console: readonly string[];
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What handleSummary returned, by file. */
  readonly files: Readonly<Record<string, string>>;
}

/** Scripts in a folder of their own, for as long as the tests of a file need them. */
export class Scripts {
  readonly #folder = mkdtempSync(join(tmpdir(), 'k6-'));

  /** @param source a module that imports k6's own alone @returns the path of the script */
  add(source: string): string {
    const path = join(this.#folder, 'script.js');
    writeFileSync(path, source);
    return path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @param iterations of each scenario */
export async function runInEngine(
  script: string,
  env: Readonly<Record<string, string>>,
  iterations: number,
): Promise<EngineReport> {
  const engine = spawn(ENGINE ?? '', [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  engine.stdin.end(JSON.stringify({ env, iterations }));
  const [report, errors, [code]] = await Promise.all([
    json(engine.stdout).catch(() => undefined),
    text(engine.stderr),
    once(engine, 'close'),
  ]);
  if (code !== 0 || report === undefined) throw new Error(`engine: exit ${code}: ${errors}`);
  return report as EngineReport;
}
