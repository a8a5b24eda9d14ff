/** Mutants that no test can kill, because they mean the same as the rule. */

/** The reason, by `<rule>: <what is wrong>`. One that a test kills after all has to go from here. */
export const SURVIVORS: Readonly<Record<string, string>> = {
  'Watchdog: 1 to 2 at 7': 'It fires whatever the value is, and shows none.',
};
