/** One correlation ID, or one session: its traces and its log lines. */
import {
  ATTR_CORRELATION_ID,
  ATTR_GEN_AI_CONVERSATION_ID,
} from '../../../app/telemetry/attributes.ts';
import type { DashboardSpec } from './dashboard.ts';
import type { RowSpec } from './panel-spec.ts';

/** Grafana quotes and escapes the values, so whatever is typed stays a string in the query. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
const ID = '${id:doublequote}';
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
const SESSION = '${session:doublequote}';

const HELP = `Type a correlation ID (\`x-correlation-id\` of a response) or a session into a field above.
A UUID without its dashes **is** the trace ID; any other ID is an attribute of its spans.
IDs hold \`A-Za-z0-9._:-\`. On the command line: \`make find ID=…\`.`;

/** An empty field finds nothing: without the first condition, it would find whatever has no such attribute. */
const spans = (name: string, value: string) =>
  `{ span."${name}" != "" && span."${name}" = ${value} }`;
const lines = (name: string, value: string) =>
  `{service_name=~".+"} | ${name}=~".+" | ${name}=${value}`;

interface Names {
  readonly span: string;
  readonly line: string;
}

function found(what: string, { span, line }: Names, value: string): RowSpec {
  return {
    title: what,
    panels: [
      {
        kind: 'traces',
        title: `Traces of the ${what.toLowerCase()}`,
        description:
          'The traces whose spans carry it; a click opens one, and from a span its log lines.',
        traceQL: spans(span, value),
        noValue: 'no trace: not yet, not kept, or no such ID',
      },
      {
        kind: 'logs',
        title: `Log lines of the ${what.toLowerCase()}`,
        description: 'Every line of it, oldest first; its details hold a link to the trace.',
        logQL: lines(line, value),
      },
    ],
  };
}

export const ONE_ID_DASHBOARD: DashboardSpec = {
  uid: 'claude-one-id',
  title: 'Claude: find one ID',
  description: 'One correlation ID or one session: its traces and its log lines.',
  from: 'now-6h',
  rows: [
    {
      panels: [
        {
          kind: 'text',
          title: 'How to find an ID',
          description: 'What to type into the fields above.',
          markdown: HELP,
        },
      ],
    },
    found('ID', { span: ATTR_CORRELATION_ID, line: 'correlation_id' }, ID),
    found('Session', { span: ATTR_GEN_AI_CONVERSATION_ID, line: 'conversation_id' }, SESSION),
  ],
};
