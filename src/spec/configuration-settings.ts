import type { Setting } from './configuration-file.js'
import type { NamedKey } from './configuration-keys.js'
import { faultsOf } from './faults.js'
import { show } from './show.js'

/** A value that counts, and where it was set. */
export interface Found {
  readonly value: unknown
  readonly source: string
}

/**
 * What applies of one key. Every setting is checked, also one that another overrides: a fault in the file must not wait for
 * the day when the variable goes. The environment wins over the file; within each, under whichever names, there may be only
 * one value. Faults go to `fault`, as clauses.
 */
export function settle(
  key: NamedKey,
  layers: readonly (readonly Setting[])[],
  fault: (clause: string) => void,
): Found | undefined {
  const names = [key.name, ...key.otherNames]
  const perLayer = layers.map((settings) => {
    const valid: (Found & { readonly setting: Setting })[] = []
    for (const setting of settings.filter(({ name }) => names.includes(name))) {
      const parsed = key.schema(setting.base).safeParse(setting.value)
      if (parsed.success) valid.push({ value: parsed.data, source: `${setting.origin} ${setting.place}`, setting })
      else fault(`${subject(setting)} ${faultsOf(parsed.error, setting.value, () => [])[0]?.message}`)
    }
    const [first, ...rest] = valid
    const other = rest.find(({ value }) => JSON.stringify(value) !== JSON.stringify(first?.value))
    if (first && other) fault(`${says(other.setting)} but ${says(first.setting)}, so one must go`)
    return first
  })
  const found = perLayer.find((each) => each !== undefined)
  return found && { value: found.value, source: found.source }
}

/** `tidemark.yaml:12: tidemark.slots`, or the variable, which says it all. */
function subject({ name, origin, place }: Setting): string {
  return origin === 'environment' ? place : `${place}: ${name}`
}

function says(setting: Setting): string {
  return `${subject(setting)} says ${show(setting.value)}`
}
