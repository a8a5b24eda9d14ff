/** The objectives for teams that use other SLO tools: a specification for Sloth, and one in OpenSLO. */
import { stringify } from 'yaml';
import { eventsOf } from '../generate/rules/events.ts';
import { objectivesOf } from '../generate/rules/recording.ts';
import { type Objective, type ObjectiveName, type Profile, slo } from '../slo.ts';
import type { ExportedFile } from './kubernetes.ts';

const SERVICE = 'claude-observatory';

const DESCRIPTIONS: Readonly<Record<ObjectiveName, string>> = {
  availability: 'Calls that ended well, of those whose end was not up to their caller',
  latency: 'Good calls that ended within the limit',
  first_token: 'Streams whose first content came within the limit',
  overhead: 'Calls to which the service itself added no more than the limit',
};

/** The names of both specifications have dashes. */
const specName = (objective: ObjectiveName) => objective.replaceAll('_', '-');

/** A share of 0.995 is 99.5 percent, and not 99.50000000000001. */
const percent = ({ goodRatio }: Objective) => Number((goodRatio * 100).toPrecision(12));

function describe(name: ObjectiveName, { limitMs }: Objective): string {
  return `${DESCRIPTIONS[name]}${limitMs === undefined ? '' : ` of ${limitMs} ms`}.`;
}

/** Both tools want one series for each objective. */
function totals(name: ObjectiveName, objective: Objective, window: string) {
  const events = eventsOf(name, objective);
  return { bad: `sum(${events.bad(window)})`, counted: `sum(${events.counted(window)})` };
}

/**
 * The specification `prometheus/v1`, of which `sloth generate` makes rules.
 * https://sloth.dev/specs/default/
 */
export function slothSpec(profile: Profile): ExportedFile {
  const slos = objectivesOf(profile).map(([name, objective]) => {
    const { bad, counted } = totals(name, objective, '{{.window}}');
    return {
      name: specName(name),
      objective: percent(objective),
      description: describe(name, objective),
      sli: { events: { error_query: bad, total_query: counted } },
      alerting: {
        name: `Claude${name.replaceAll(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase())}Burn`,
        page_alert: { labels: { severity: 'page', pack: slo.pack } },
        ticket_alert: { labels: { severity: 'ticket', pack: slo.pack } },
      },
    };
  });
  const spec = { version: 'prometheus/v1', service: SERVICE, slos };
  return { path: 'slo/sloth.yml', text: stringify(spec, { lineWidth: 0 }) };
}

/**
 * The objectives as OpenSLO v1, a document each. Its readers differ in how they take the window of a query: here
 * it is the five minutes of our recordings.
 * https://github.com/OpenSLO/OpenSLO#slo
 */
export function openSlo(profile: Profile): ExportedFile {
  const service = {
    apiVersion: 'openslo/v1',
    kind: 'Service',
    metadata: { name: SERVICE },
    spec: { description: 'Calls of Claude through the service' },
  };
  const documents = objectivesOf(profile).map(([name, objective]) => {
    const { bad, counted } = totals(name, objective, '5m');
    const query = (text: string) => ({
      metricSource: { type: 'Prometheus', spec: { query: text } },
    });
    return {
      apiVersion: 'openslo/v1',
      kind: 'SLO',
      metadata: { name: `${SERVICE}-${specName(name)}` },
      spec: {
        description: describe(name, objective),
        service: SERVICE,
        indicator: {
          metadata: { name: `${SERVICE}-${specName(name)}` },
          spec: { ratioMetric: { counter: false, bad: query(bad), total: query(counted) } },
        },
        timeWindow: [{ duration: slo.budgetWindow, isRolling: true }],
        budgetingMethod: 'Occurrences',
        objectives: [{ target: objective.goodRatio }],
      },
    };
  });
  const text = [service, ...documents].map((document) => stringify(document, { lineWidth: 0 }));
  return { path: 'slo/openslo.yml', text: text.join('---\n') };
}
