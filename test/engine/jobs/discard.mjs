/** Takes everything and keeps nothing. */
/** @type {import('tidemark').Sink<unknown>} */
export const discard = {
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
