import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml'
import { messageOf, TidemarkError } from '../errors.js'

/** One key as somebody set it. */
export interface Setting {
  /** In the spelling found, dots included. */
  readonly name: string
  readonly value: unknown
  readonly origin: 'file' | 'environment'
  /** File and line, or the variable: `tidemark.yaml:12`, `TIDEMARK_SLOTS`. */
  readonly place: string
  /** Absolute path that relative paths in the value start from. */
  readonly base: string
}

/** Configuration has some kilobytes; a file of megabytes is another file. */
const largestFile = 1_048_576

/**
 * The settings of a YAML file, flat or nested or mixed: `a: {b.c: 1}` sets `a.b.c`. None where there is no such file.
 * `label` is what messages call it. Keys that are set twice come twice: whether that matters depends on their values.
 *
 * Errors: `InvalidConfiguration`, with file and line.
 */
export function readConfigurationFile(path: string, label: string): readonly Setting[] {
  const text = readText(path, label)
  if (text === undefined) return []
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false })
  const lineOf = (offset: number | undefined) => lines.linePos(offset ?? 0).line
  const refuse = (offset: number | undefined, problem: string) =>
    new TidemarkError('InvalidConfiguration', `${label}:${lineOf(offset)}: ${problem}.`, { path })

  const broken = document.errors[0]
  if (broken) throw refuse(broken.pos[0], `this is no valid YAML: ${broken.message.replace(/\.$/, '')}`)

  const settings: Setting[] = []
  const walk = (map: YAMLMap, prefix: string): void => {
    for (const { key, value } of map.items) {
      const offset = offsetOf(key)
      if (!isScalar(key) || typeof key.value !== 'string' || key.value === '') {
        throw refuse(offset, 'a key must be text, such as execution.checkpointing.interval')
      }
      const name = prefix === '' ? key.value : `${prefix}.${key.value}`
      if (isMap(value)) walk(value, name)
      else
        settings.push({
          name,
          value: plain(value, name),
          origin: 'file',
          place: `${label}:${lineOf(offset)}`,
          base: dirname(path),
        })
    }
  }
  const plain = (node: unknown, name: string): unknown => {
    if (isAlias(node)) throw refuse(offsetOf(node), `${name} is an alias, which is not supported: write the value`)
    if (isSeq(node)) return node.items.map((item) => plain(item, name))
    if (isScalar(node) && node.value !== null) return node.value
    if (isMap(node)) throw refuse(offsetOf(node), `${name} must not hold keys of its own inside a list`)
    throw refuse(offsetOf(node), `${name} has no value: give it one, or remove the line`)
  }

  const { contents } = document
  if (isMap(contents)) walk(contents, '')
  else if (contents !== null && !(isScalar(contents) && contents.value === null)) {
    throw refuse(
      offsetOf(contents),
      'the file must hold keys and values, such as "execution.checkpointing.interval: 10s"',
    )
  }
  return settings
}

function readText(path: string, label: string): string | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new TidemarkError('InvalidConfiguration', `${label} cannot be read: ${messageOf(error)}.`, {
      path,
      cause: error,
    })
  }
  if (bytes.length > largestFile) {
    throw new TidemarkError(
      'InvalidConfiguration',
      `${label} has ${bytes.length} bytes, more than a configuration can have.`,
      { path },
    )
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new TidemarkError('InvalidConfiguration', `${label} is not UTF-8 text: save it as UTF-8.`, { path, cause })
  }
}

function offsetOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null)?.range?.[0]
}
