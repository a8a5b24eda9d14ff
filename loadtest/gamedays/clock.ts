/** The alerts whose rules do sums with the clock or with dollars a month, and what compression means for each. */

export const CLOCK: Readonly<Record<string, string>> = {
  ClaudeErrorBudgetRunsOutSoon:
    'Played. The budget and its use are both reckoned at real rates and over production’s seconds, so the day on which it is used up is the one that production would be told.',
  ClaudeModelRetiring: 'Played: the simulator says how many real days are left.',
  ClaudeModelRetiresSoon: 'Played likewise.',
  ClaudeSpendRateHigh:
    'Played. Dollars are real: what may be spent in an hour has to be spent in a minute, so the loop is sixty times as greedy.',
  ClaudeSpendOverBudget: 'Not played: a month’s dollars would have to be spent in 12 hours.',
  ClaudeKeyTooOld: 'Not played: 90 real days.',
  ClaudePriceTableOld: 'Not played: 90 real days.',
};
