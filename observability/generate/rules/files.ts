/** The rule files of a profile. */
import { type Profile, slo } from '../../slo.ts';
import { budgetAlerts } from './budget-alerts.ts';
import { burnAlerts } from './burn-rates.ts';
import { CAUSE_RULES } from './causes.ts';
import { ABOUT_DOCUMENTED, documentedAlerts } from './documented.ts';
import { lowTrafficAlerts } from './low-traffic.ts';
import { MONITORING } from './monitoring.ts';
import { recordingGroups } from './recording.ts';
import { type RuleFile, ruleFile } from './write.ts';

const ABOUT_RECORDINGS = `Everything that alerts and dashboards know of the objectives, by job. Windows over an hour are made of
the two rates of 5 minutes, weighted by traffic.`;
const ABOUT_OBJECTIVES = `Burn rates ask for so many events in their long window that a single bad one stays below the threshold;
the group claude_low_traffic finds what they hide by that.`;

function objectives(profile: Profile): RuleFile {
  const groups = [
    { name: 'claude_burn_rates', rules: burnAlerts(profile) },
    { name: 'claude_budgets', rules: budgetAlerts(profile) },
    { name: 'claude_low_traffic', rules: lowTrafficAlerts(profile) },
  ];
  return { about: ABOUT_OBJECTIVES, kind: 'symptom', groups };
}

function documented(): RuleFile {
  const rules = documentedAlerts(slo.profiles.documented.objectives.latency);
  return { about: ABOUT_DOCUMENTED, kind: 'symptom', groups: [{ name: 'documented', rules }] };
}

/** @returns the text of each rule file of a profile, by its name */
export function ruleFiles(profile: Profile): Readonly<Record<string, string>> {
  const files: Record<string, RuleFile> = {
    'recording.yml': {
      about: ABOUT_RECORDINGS,
      kind: 'symptom',
      groups: recordingGroups(profile),
    },
    'objectives.yml': objectives(profile),
    'causes.yml': CAUSE_RULES,
    ...(profile === slo.profiles.documented && { 'documented.yml': documented() }),
    'monitoring.yml': {
      about: 'The monitoring watches itself.',
      kind: 'monitoring',
      groups: [{ name: 'monitoring', rules: MONITORING }],
    },
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, file]) => [name, ruleFile(file, profile)]),
  );
}
