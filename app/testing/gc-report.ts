/**
 * For tests: loaded by `--import`, it has V8 report the collections of its process from one SIGUSR2 to the next, as
 * JSON in the file that `GC_REPORT` names.
 */
import { writeFileSync } from 'node:fs';
import { GCProfiler } from 'node:v8';

/** What one collection found and left: bytes by the name of the space. */
export interface Collection {
  readonly type: string;
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

type Profile = NonNullable<ReturnType<GCProfiler['stop']>>;
type Spaces = Profile['statistics'][number]['beforeGC']['heapSpaceStatistics'];

const bytesOf = (spaces: Spaces) =>
  Object.fromEntries(spaces.map(({ spaceName, spaceUsedSize }) => [spaceName, spaceUsedSize]));

let profiler: GCProfiler | undefined;

process.on('SIGUSR2', () => {
  const profile = profiler?.stop();
  profiler = profile ? undefined : new GCProfiler();
  profiler?.start();
  const collections = profile?.statistics.map(
    ({ gcType, beforeGC, afterGC }): Collection => ({
      type: gcType,
      before: bytesOf(beforeGC.heapSpaceStatistics),
      after: bytesOf(afterGC.heapSpaceStatistics),
    }),
  );
  writeFileSync(process.env['GC_REPORT'] ?? '', JSON.stringify(collections ?? []));
});
