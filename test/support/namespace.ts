import { randomUUID } from 'node:crypto'
import { msToTs } from '@temporalio/common/lib/time.js'
import { inject } from 'vitest'
import { connectClient } from '../../src/temporal/connection.js'
import { ensureSearchAttributes } from '../../src/temporal/ensure-search-attributes.js'
import { plainTarget, type TemporalTarget } from '../../src/temporal/target.js'

/** A new namespace, with our search attributes, on the Temporal server that the test files of a run share. */
export async function newNamespace(): Promise<TemporalTarget> {
  const response = await fetch(inject('temporal'))
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  const target = plainTarget(text, `test-${randomUUID()}`)
  const { connection } = await connectClient(plainTarget(text))
  try {
    await connection.workflowService.registerNamespace({
      namespace: target.namespace,
      workflowExecutionRetentionPeriod: msToTs('3d'),
    })
    await ensureSearchAttributes(connection, target.namespace)
  } finally {
    await connection.close()
  }
  return target
}

/** As a process is told of it. */
export function temporalEnvironment({ address, namespace }: TemporalTarget): Record<string, string> {
  return { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace }
}
