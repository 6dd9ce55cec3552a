import { Context } from '@temporalio/activity'
import type { StepsHere, Tried } from './contract.js'
import type { HostDependencies } from './dependencies.js'
import { checkRoots, checkRun, guarded } from './guard.js'
import { writeMetadata } from './write-metadata.js'

/**
 * The steps of a checkpoint as local activities of the workflow's own process. All of them may run twice, the second time after the first
 * one's end was not recorded, or beside an activity of the same purpose after the answer `slow`: a host keeps its first answer to a
 * snapshot's number, an entry that is there already is recognised by its owner and nonce, and sinks find nothing left to commit.
 */
export function createStepsHere({ engine, configuration }: HostDependencies): StepsHere {
  return guarded<StepsHere>({
    async snapshotHere({ host, run, withinMs, ...request }) {
      checkRun(run)
      if (host !== engine.host) return { outcome: 'elsewhere' }
      return within(withinMs, engine.snapshot(request, Context.current().cancellationSignal))
    },
    async writeMetadataHere({ withinMs, ...input }) {
      checkRun(input.plan.claim.run)
      checkRoots(configuration, input.log.roots)
      return within(withinMs, writeMetadata(input).then(nothing))
    },
    async commitHere({ host, run, withinMs, ...request }) {
      checkRun(run)
      if (host !== engine.host) return { outcome: 'elsewhere' }
      return within(withinMs, engine.commit(request).then(nothing))
    },
  })
}

async function within<T>(ms: number, work: Promise<T>): Promise<Tried<T>> {
  const begun = performance.now()
  const took = () => Math.ceil(performance.now() - begun)
  let timer: NodeJS.Timeout | undefined
  const slow = new Promise<Tried<T>>((resolve) => {
    timer = setTimeout(() => resolve({ outcome: 'slow' }), ms)
  })
  try {
    return await Promise.race([work.then((value): Tried<T> => ({ outcome: 'done', value, ms: took() })), slow])
  } finally {
    clearTimeout(timer)
  }
}

function nothing(): null {
  return null
}
