/** The limits of a caller: the fixed set of a label's values, apart from what counts them. */
export const LIMITED_BY = ['requests', 'tokens', 'concurrent'] as const;
export type LimitedBy = (typeof LIMITED_BY)[number];
