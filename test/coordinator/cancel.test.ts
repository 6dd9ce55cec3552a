import { describe, expect, it } from 'vitest'
import { withLastMode } from '../../src/coordinator/cancel.js'
import type { EventBody } from '../../src/coordinator/events.js'
import type { CancelMode } from '../../src/coordinator/state.js'

const cancel = (mode?: CancelMode): EventBody => ({ type: 'cancelRequested', by: 'message', ...(mode && { mode }) })
const native: EventBody = { type: 'cancelRequested', by: 'native' }
const other: EventBody = { type: 'triggerRequested' }

describe('of cancels that are seen together', () => {
  it.each<[string, EventBody[], EventBody[]]>([
    ['the last mode counts', [cancel('DELETE'), cancel('RETAIN')], [cancel('RETAIN'), cancel('RETAIN')]],
    ['those without a mode have none', [cancel('DELETE'), cancel(), native], [cancel('DELETE'), cancel(), native]],
    [
      'nothing else is touched',
      [other, cancel('RETAIN'), other, cancel('DELETE'), native],
      [other, cancel('DELETE'), other, cancel('DELETE'), native],
    ],
    ['none is needed', [other, native], [other, native]],
  ])('%s', (_, events, expected) => {
    expect(withLastMode(events)).toEqual(expected)
  })
})
