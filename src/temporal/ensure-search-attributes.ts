import { setTimeout as pause } from 'node:timers/promises'
import { type Connection, isGrpcServiceError } from '@temporalio/client'
import { messageOf, TidemarkError } from '../errors.js'
import { type SearchAttributeTypeName, searchAttributes } from './search-attributes.js'

/** `temporal.api.enums.v1.IndexedValueType`. */
const valueTypes: Record<SearchAttributeTypeName, number> = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
}

const grpc = { invalidArgument: 3, permissionDenied: 7, unimplemented: 12, unauthenticated: 16 }

type Services = Pick<Connection, 'operatorService' | 'workflowService'>

/**
 * Registers the search attributes that a namespace lacks, and resolves when workflows can be started with them.
 * Safe to call from several processes at once.
 *
 * The server silently ignores the registration of a name that exists with another type, and then fails every workflow
 * task that sets it, so existing ones have their types compared first.
 *
 * @throws TidemarkError `InvalidConfiguration` where a name has another type, or where they are missing and this
 *   connection may not register them (Temporal Cloud offers no operator service).
 */
export async function ensureSearchAttributes(
  connection: Services,
  namespace: string,
  wanted: Readonly<Record<string, SearchAttributeTypeName>> = searchAttributes,
): Promise<void> {
  const registered = await listRegistered(connection, namespace)
  if (registered === 'not-allowed') {
    const missing = await queryFault(connection, namespace, Object.keys(wanted))
    if (missing !== undefined) throw notRegistered(namespace, wanted, missing)
    return
  }

  const conflicts = Object.entries(wanted).filter(
    ([name, type]) => (registered[name] ?? valueTypes[type]) !== valueTypes[type],
  )
  if (conflicts.length > 0) {
    const list = conflicts
      .map(([name, type]) => `${name} is ${typeName(registered[name])} and must be ${type}`)
      .join('; ')
    throw new TidemarkError(
      'InvalidConfiguration',
      `Search attributes of the namespace "${namespace}" have other types than Tidemark needs (${list}): remove them with "temporal operator search-attribute remove", or use another namespace.`,
      { details: conflicts.map(([name]) => name) },
    )
  }

  const missing = Object.entries(wanted).filter(([name]) => registered[name] === undefined)
  if (missing.length === 0) return
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, valueTypes[type]])),
    })
  } catch (error) {
    throw notRegistered(namespace, Object.fromEntries(missing), messageOf(error))
  }
  await untilUsable(connection, namespace, Object.keys(wanted))
}

async function listRegistered(
  connection: Services,
  namespace: string,
): Promise<Record<string, number> | 'not-allowed'> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
    return customAttributes
  } catch (error) {
    const refused: number[] = [grpc.permissionDenied, grpc.unimplemented, grpc.unauthenticated]
    if (isGrpcServiceError(error) && refused.includes(error.code)) return 'not-allowed'
    throw error
  }
}

/**
 * A server with several nodes, or with a database, answers from a cache of the namespace that is some seconds old: a start
 * right after the registration would be refused. A query goes through the same cache, so it tells when that is over.
 */
async function untilUsable(connection: Services, namespace: string, names: string[], deadlineMs = 60_000) {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const fault = await queryFault(connection, namespace, names)
    if (fault === undefined) return
    if (Date.now() >= deadline) {
      throw new TidemarkError(
        'TemporalUnreachable',
        `The search attributes were registered, but the server still refuses them after ${deadlineMs / 1000} s: try again (${fault}).`,
      )
    }
    await pause(100)
  }
}

/** Why a query over these search attributes is refused; nothing where it is not, that is, where all are registered. */
async function queryFault(connection: Services, namespace: string, names: string[]): Promise<string | undefined> {
  try {
    const query = names.map((name) => `${name} IS NOT NULL`).join(' AND ')
    await connection.workflowService.countWorkflowExecutions({ namespace, query })
    return undefined
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === grpc.invalidArgument) return error.details
    throw error
  }
}

function notRegistered(namespace: string, wanted: Readonly<Record<string, SearchAttributeTypeName>>, reason: string) {
  const list = Object.entries(wanted).map(([name, type]) => `${name} (${type})`)
  return new TidemarkError(
    'InvalidConfiguration',
    `The namespace "${namespace}" lacks search attributes that could not be registered from here (${reason}): have its operator add ${list.join(', ')}.`,
  )
}

function typeName(value: number | undefined): string {
  return Object.entries(valueTypes).find(([, number]) => number === value)?.[0] ?? `type ${value}`
}
