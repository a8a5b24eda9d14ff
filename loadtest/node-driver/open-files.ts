/** Whether this process may open as many connections as a scenario may need. */
import type { Phase } from '../scenarios/scenario.ts';

/** What a process has open besides its connections: its own files, pipes and those of the event loop. */
const OWN_FILES = 32;

/** @returns a warning where more calls may be in flight than this process may open connections for */
export function openFilesWarning(phases: readonly Phase[]): string | undefined {
  const limit = openFilesLimit();
  const needed = Math.max(0, ...phases.map(({ maxInFlight }) => maxInFlight));
  if (limit === undefined || needed + OWN_FILES <= limit) return undefined;
  return `up to ${needed} calls may be in flight, but this process may open ${limit} files: raise that by \`ulimit -n\``;
}

/** @returns the soft limit; undefined where there is none, or the platform does not tell */
function openFilesLimit(): number | undefined {
  // Otherwise it looks up the names of all peers. The types do not know this switch.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
  };
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isNaN(soft) ? undefined : soft;
}
