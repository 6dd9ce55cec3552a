/**
 * The parts of the protocol that can be switched off, one at a time, to see that the model notices. What each does is said where it is
 * asked for; docs/protocol.md says why each is needed.
 */
export const safeguards = [
  'adoptOnlyOwn',
  'checkAfterAppend',
  'closedRefuses',
  'closeFirst',
  'everyRunCloses',
  'tombstone',
  'newestStays',
  'confirmedBase',
  'pinsAreRespected',
  'pinReadsAgain',
  'pinsAfterNewest',
  'ownPins',
  'sweepBound',
  'pendingFirst',
  'onlyNamedCommits',
  'sweepConfirms',
] as const

export type Safeguard = (typeof safeguards)[number]

/** Which safeguards hold in this exploration. */
export type Rules = { readonly [name in Safeguard]: boolean }

export function rulesWithout(...missing: readonly Safeguard[]): Rules {
  return Object.fromEntries(safeguards.map((name) => [name, !missing.includes(name)])) as unknown as Rules
}
