/** Part of the build: writes the workflow bundle beside the compiled code. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { bundle } from './workflow-bundle.js'

const { code } = await bundle()
await writeFile(fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)), code)
