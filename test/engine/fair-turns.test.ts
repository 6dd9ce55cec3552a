import { expect, test } from 'vitest'
import { fairShare } from '../../src/engine/embedded/task/fair-turns.js'

test.each([
  { records: 'come as fast as they are taken', last: 2, before: 1.5, share: 1.5 },
  { records: 'do not come', last: 0.01, before: 0.02, share: 0.5 },
  { records: 'take longer than they should', last: 20, before: 30, share: 4 },
  { records: 'had to wait for a processor, once', last: 20, before: 0.01, share: 0.5 },
  { records: 'had to wait for a processor before', last: 0.01, before: 20, share: 0.5 },
])('where records $records, work beside them takes $share ms', ({ last, before, share }) => {
  expect(fairShare(last, before)).toBe(share)
})
