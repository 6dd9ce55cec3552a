import type { NamedKey } from './configuration-keys.js'
import { only, secret } from './configuration-values.js'

/** Flink's keys where Tidemark has no choice to offer: what it does is accepted, so that a file of Flink's can be kept. */
export const unsupportedKeys: readonly NamedKey[] = [
  fixed('execution.checkpointing.mode', [], ['EXACTLY_ONCE'], 'Tidemark always checkpoints EXACTLY_ONCE'),
  fixed('execution.checkpointing.max-concurrent-checkpoints', [], [1], 'Tidemark takes one checkpoint at a time'),
  fixed('execution.checkpointing.snapshot-compression', [], [false], 'Tidemark does not compress snapshots'),
  fixed(
    'execution.checkpointing.checkpoints-after-tasks-finish',
    [],
    [true],
    'Tidemark always goes on checkpointing after a task has finished',
  ),
  fixed(
    'execution.checkpointing.savepoint-dir',
    ['state.savepoints.dir'],
    [],
    'savepoints come with a later version; remove the key',
  ),
  fixed(
    'execution.state-recovery.path',
    ['execution.savepoint.path'],
    [],
    'it would apply to every job; give restore.from with the one job that it is for',
  ),
  credential('s3.access-key', ['s3.access.key']),
  credential('s3.secret-key', ['s3.secret.key']),
]

/** A configuration is shown and recorded, so that no secret can be in it. */
function credential(name: string, otherNames: readonly string[]): NamedKey {
  const schema = secret('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile or a role')
  return { name, otherNames, schema: () => schema }
}

function fixed(
  name: string,
  otherNames: readonly string[],
  accepted: readonly (string | number | boolean)[],
  why: string,
): NamedKey {
  const schema = only(accepted, why)
  return { name, otherNames, schema: () => schema }
}
