/** For tests: a logger like the service's whose lines can be read back. */
import { Redactor } from '../privacy/redactor.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';

/** @returns the parsed lines so far, and their messages alone */
export function capturedLogger(secrets: readonly string[] = []): {
  readonly logger: Logger;
  lines(): readonly Readonly<Record<string, unknown>>[];
  messages(): readonly unknown[];
} {
  const written: string[] = [];
  const logger = createLogger({
    level: 'trace',
    service: 'test',
    redactor: new Redactor({ secrets: () => secrets }),
    sinks: [{ write: (line) => void written.push(line) }],
  });
  const lines = () => written.map((line) => JSON.parse(line));
  return { logger, lines, messages: () => lines().map(({ msg }) => msg) };
}
