import { defineConfig } from 'vitest/config'
import { shared } from './vitest.config.js'

/** Suites that install and start other programs, or take minutes. */
export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/heavy/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 },
})
