import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Where to write the results as JSON too, to be counted. */
const results = process.env.TIDEMARK_TEST_RESULTS

export const shared: ViteUserConfig = {
  resolve: {
    alias: [
      { find: /^tidemark$/, replacement: here('./src/index.ts') },
      // A host of the built engine: for each thread of one made of the sources, a compiler starts, and takes most of its time.
      {
        find: /^(?:\.\.\/)+src\/engine\/embedded\/index\.js$/,
        replacement: here('./dist/src/engine/embedded/index.js'),
      },
    ],
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One more than the two cores that are meant: some test waits for something most of the time.
    maxWorkers: 3,
    // Files share what they import, which takes half of the time of a small one. They have no other state in common.
    isolate: false,
    setupFiles: here('./test/support/own-environment.ts'),
    globalSetup: here('./test/support/shared-server.ts'),
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    // What the build made is tested as it ships.
    server: { deps: { external: [/\/dist\//] } },
  },
}

export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/**/*.test.ts'], exclude: ['test/heavy/**'] },
})
