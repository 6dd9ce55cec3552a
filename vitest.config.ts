import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Where to write the results as JSON too, to be counted. */
const results = process.env.TIDEMARK_TEST_RESULTS

export const shared: ViteUserConfig = {
  resolve: {
    alias: [{ find: /^tidemark$/, replacement: fileURLToPath(new URL('./src/index.ts', import.meta.url)) }],
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    // What the build made is tested as it ships.
    server: { deps: { external: [/\/dist\//] } },
  },
}

export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/**/*.test.ts'], exclude: ['test/heavy/**'] },
})
