import { closeSync, openSync, writeSync } from 'node:fs'

/** A sink that appends a line for each record that was due at some time, at once: our process, its key, when it came, how late (milliseconds). */
export const recordLog = (path) => ({
  name: `log(${path})`,
  kind: 'record-log',
  guarantee: 'at-least-once',
  open: async () => {
    const file = openSync(path, 'a')
    return {
      write({ key, due }) {
        if (due === 0) return
        const at = performance.timeOrigin + performance.now()
        writeSync(file, `${process.pid} ${key} ${at.toFixed(3)} ${(at - due).toFixed(3)}\n`)
      },
      cut: async () => [],
      commit: async () => {},
      close: async () => closeSync(file),
    }
  },
})
