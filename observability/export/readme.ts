/** The page that lies in every export: what each file is for, what it was made with, what is to be changed. */
import { slo } from '../slo.ts';
import type { ExportOptions } from './options.ts';

const TITLE = '# Claude observability pack (made by `make export`)';

const FILES = `| file | what to do with it |
|---|---|
| \`prometheus/rules/*.yml\` | name them in \`rule_files\`; Prometheus 2.42 or newer |
| \`prometheus/tests/*.test.yml\` | \`promtool test rules prometheus/tests/*.test.yml\`, after each change of yours; the cases of objectives that differ from the documented ones are left out |
| \`kubernetes/prometheus-rule-*.yaml\` | the same rules for the Prometheus Operator; apply these **or** the plain files |
| \`kubernetes/pod-monitor.yaml\` | scrapes the port \`metrics\` of pods with \`app.kubernetes.io/name: claude-observatory\` in the namespace \`APP_NAMESPACE\`, which is its own unless given |
| \`kubernetes/dashboard-*.yaml\` | a ConfigMap for each dashboard, for the sidecar of Grafana's Helm chart |
| \`grafana/*.json\` | the same dashboards, for *Import* or for file provisioning |
| \`alertmanager/fragment.yml\` | put its routes before yours, its inhibitions and receivers beside yours, and give the receivers addresses; it touches no alert without \`pack="${slo.pack}"\` |
| \`runbooks/*.md\` | publish them where \`runbook_url\` leads |
| \`slo/sloth.yml\` | the objectives alone, for Sloth: without our guards, \`for\`, and traffic-weighted budget |
| \`slo/openslo.yml\` | the same as OpenSLO v1 |`;

/** @returns the text of README.md */
export function exportReadme({ profile, namespace, job, datasource }: ExportOptions): string {
  const { urls } = slo.profiles[profile];
  return `${TITLE}

Profile \`${profile}\`, namespace \`${namespace}\`, job \`${job}\`, data source ${datasource ? `\`${datasource}\`` : 'chosen in Grafana'}.

${FILES}

## Before you page anybody

1. Set the objectives of the profile in \`observability/slo.ts\` to what your users need and your model does, and
   export again. Do not edit the files here: the next export replaces them. Other files in this folder stay.
2. The links of alerts lead to \`${urls.runbooks}\` and \`${urls.dashboards}\`; both stand in \`slo.ts\`.
3. \`spendDollarsPerMonth\` in \`slo.ts\` is your budget; 0 is none. \`jobs.stack\` is a pattern of the jobs that scrape
   your Prometheus, Alertmanager and collector; the alerts on these look at no others. Cases that expect a number of \`thresholds\` have to
   change with it, in \`observability/prometheus/tests\`.
4. Windows of ${slo.budgetWindow} need a retention of 31 days or more.
5. The Prometheus Operator loads only what its selectors name: for kube-prometheus-stack export with
   \`LABELS=release=<its release>\`, and look for the rules in Prometheus: what is not loaded cannot alert.
6. Below six calls an hour no call of a user's pages: set up the caller \`probe\`.
7. \`Watchdog\` always fires. Send it to a dead man's switch outside of this cluster.
`;
}
