/** Prints `N passed, N failed` over the JSON reports of the test runner, and exits 1 unless all is well. */
import { readFileSync } from 'node:fs'

const [failedSteps, ...reports] = process.argv.slice(2)
let passed = 0
let failed = Number(failedSteps) > 0 ? 1 : 0
for (const report of reports) {
  const { numPassedTests, numFailedTests, numFailedTestSuites, success } = JSON.parse(readFileSync(report, 'utf8'))
  passed += numPassedTests
  failed += success ? 0 : Math.max(1, numFailedTests, numFailedTestSuites)
}
if (reports.length === 0 || passed === 0) failed++
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
