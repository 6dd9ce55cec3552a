import type { StatefulOperator } from '../../../src/pipeline/operator.js'

/** Has state of this kind, and does nothing with it by itself. */
export function operatorOf<S>(id: string): StatefulOperator<never, never, S> {
  return { name: `process '${id}'`, id, version: 1, open: () => ({ onRecord() {} }) }
}

/** Where one task writes its files. */
export const context = {
  job: 'job',
  execution: 'execution',
  attempt: 1,
  task: 0,
  shared: true,
  scope: { kind: 'job' },
} as const
