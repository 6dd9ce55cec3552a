/** One link: everything that `execution` produced up to and including snapshot `through`. */
export interface AncestryLink {
  readonly execution: string
  readonly through: number
}

/** What a snapshot descends from, oldest first; an execution appears once. */
export type Ancestry = readonly AncestryLink[]

/** The ancestry of snapshot `through` of `execution`, which began from `inherited`. */
export function extendAncestry(inherited: Ancestry, execution: string, through: number): Ancestry {
  return [...inherited.filter((link) => link.execution !== execution), { execution, through }]
}

/** Whether output made by `execution` for snapshot `number` belongs to this ancestry. */
export function covers(ancestry: Ancestry, execution: string, number: number): boolean {
  return ancestry.some((link) => link.execution === execution && number <= link.through)
}
