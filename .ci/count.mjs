/** Prints what failed, then `N passed, N failed`, over the JSON reports of the test runner, and exits 1 unless all is well. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [failedSteps, ...reports] = process.argv.slice(2)
let passed = 0
let failed = Number(failedSteps) > 0 ? 1 : 0
for (const report of reports) {
  const { numPassedTests, numFailedTests, numFailedTestSuites, success, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  passed += numPassedTests
  failed += success ? 0 : Math.max(1, numFailedTests, numFailedTestSuites)
  for (const { name, message, assertionResults } of testResults) {
    if (message) tell(name, 'the file itself', message)
    for (const { status, fullName, failureMessages } of assertionResults)
      if (status === 'failed') tell(name, fullName, failureMessages.join('\n'))
  }
}
if (reports.length === 0 || passed === 0) failed++
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** The end of a long log is all that some readers have. */
function tell(file, test, message) {
  const lines = message.split('\n').slice(0, 12)
  console.log(`── failed: ${relative('.', file)} > ${test}\n   ${lines.join('\n   ')}`)
}
