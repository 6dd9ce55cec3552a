import { join } from 'node:path'
import { filesSink } from '../../src/connectors/files/files.js'
import { crashingAt } from './faulty-file-system.js'
import { readCommitted } from './files-place.js'
import { scratch } from './scratch.js'
import { describeTwoPhaseSink } from './sink-contract.js'

describeTwoPhaseSink('files', () => {
  const directory = join(scratch(), 'out')
  return {
    sink: () => filesSink(directory, crashingAt(Number.POSITIVE_INFINITY)),
    read: () => readCommitted(directory),
    dyingAt: (step) => filesSink(directory, crashingAt(step)),
  }
})
