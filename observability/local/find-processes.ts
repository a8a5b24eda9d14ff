/** Where the stack without Docker keeps log lines and spans: a file and the span store. */
import { readFileSync } from 'node:fs';
import type { Sources, StoredSpan } from './find.ts';
import { get } from './find-http.ts';
import { urlOf } from './ports.ts';
import { logFile } from './processes.ts';

export const fileAndSpanStore: Sources = {
  logName: logFile('service'),
  async logLines(id, traceId) {
    const lines = readFileSync(logFile('service'), 'utf8').split('\n');
    return lines.filter((line) => line.includes(`"${id}"`) || (traceId && line.includes(traceId)));
  },
  async spans(id, traceId) {
    const query = new URLSearchParams({
      correlation_id: id,
      ...(traceId && { trace_id: traceId }),
    });
    return (await get(`${urlOf('OTLP_PORT')}/spans?${query}`)) as StoredSpan[];
  },
};
