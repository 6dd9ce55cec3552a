import type { SnapshotEntry, TaskSnapshot } from '../../../src/checkpoint/entry.js'
import { type Definition, isSpread, splitsOf, stateOf } from '../oracle.js'
import { parallelismOf } from '../room.js'

/** What a checkpoint is put together from: each task once, each split in one of them, and a split's state with the split. */
export function judgeTasks({ tasks }: Pick<SnapshotEntry, 'tasks'>, definition: Definition): string[] {
  const faults: string[] = []
  const numbers = tasks.map(({ task }) => task).sort((a, b) => a - b)
  const expected = Array.from({ length: parallelismOf[definition] }, (_, task) => task)
  if (numbers.join() !== expected.join()) faults.push(`it holds tasks ${numbers.join()} instead of ${expected.join()}`)
  for (const source of ['steps', 'pages'] as const) {
    if (source === 'pages' && !Object.values(stateOf[definition]).includes(source)) continue
    const splits = tasks.flatMap((task) => splitsIn(task, source)).sort()
    const whole = splitsOf(definition, source)
    if (splits.join() !== whole.join()) faults.push(`it holds ${source} ${splits.join()} instead of ${whole.join()}`)
  }
  for (const task of tasks) {
    for (const { operator, scope } of task.state) {
      if ((scope.kind === 'split') !== isSpread(definition))
        faults.push(`state of ${operator} is kept by ${scope.kind}`)
      const source = stateOf[definition][operator] ?? 'steps'
      if (scope.kind === 'split' && !splitsIn(task, source).includes(nameOfSplit(scope.split)))
        faults.push(`task ${task.task} holds the state of ${operator} for ${scope.split}, which it does not read`)
    }
  }
  return faults
}

function splitsIn(task: Pick<TaskSnapshot, 'splits'>, source: string): string[] {
  return task.splits.filter((split) => split.source === source).map(({ split }) => nameOfSplit(split))
}

export function nameOfSplit(split: string): string {
  return split.split('/').at(-1) ?? split
}
