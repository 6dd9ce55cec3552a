import { createRequire, Module } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { DataConverter } from '@temporalio/common'
import * as converterModule from './payload-converter.js'

const isSource = import.meta.url.endsWith('.ts')

/** The file that exports our payload converter: for `bundleWorkflowCode({ payloadConverterPath })`. */
export const payloadConverterPath: string = fileURLToPath(
  new URL(isSource ? './payload-converter.ts' : './payload-converter.js', import.meta.url),
)

// The SDK loads the path with `require()`, which reads neither TypeScript nor, before Node 20.19, ES modules. The module
// is loaded here anyway, so it is put where `require()` looks first; then both sides also share one instance.
const { cache } = createRequire(import.meta.url)
if (cache[payloadConverterPath] === undefined) {
  const entry = new Module(payloadConverterPath)
  entry.filename = payloadConverterPath
  entry.exports = converterModule
  entry.loaded = true
  cache[payloadConverterPath] = entry
}

/** What every client and worker of ours converts with: `new Client({ dataConverter })`, `Worker.create({ dataConverter })`. */
export const dataConverter: DataConverter = { payloadConverterPath }
