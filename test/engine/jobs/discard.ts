import type { Sink } from 'tidemark'

/** Takes everything and keeps nothing. */
export const discard: Sink<unknown> = {
  name: 'discard()',
  kind: 'discard',
  guarantee: 'at-least-once',
  open: async () => ({
    write() {},
    cut: async () => [],
    commit: async () => {},
    close: async () => {},
  }),
}
