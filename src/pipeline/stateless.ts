import { checkSynchronous, nameOfStep } from './functions.js'
import type { Operator } from './operator.js'

// Each opens to one closure that is called for every record: nothing is allocated besides what the user's function
// makes.

export function mapOperator<In, Out>(change: (record: In) => Out): Operator<In, Out> {
  checkSynchronous('map', change)
  return {
    name: nameOfStep('map', change),
    open: () => ({ onRecord: (record, out) => out.collect(change(record)) }),
  }
}

export function filterOperator<T>(keep: (record: T) => boolean): Operator<T, T> {
  checkSynchronous('filter', keep)
  return {
    name: nameOfStep('filter', keep),
    open: () => ({
      onRecord: (record, out) => {
        if (keep(record)) out.collect(record)
      },
    }),
  }
}

export function flatMapOperator<In, Out>(expand: (record: In) => Iterable<Out>): Operator<In, Out> {
  checkSynchronous('flatMap', expand)
  return {
    name: nameOfStep('flatMap', expand),
    open: () => ({
      onRecord: (record, out) => {
        for (const made of expand(record)) out.collect(made)
      },
    }),
  }
}
