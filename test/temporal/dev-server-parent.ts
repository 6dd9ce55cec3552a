/**
 * A program that starts a development server, prints where it is, and waits. On SIGINT it says whether the server still
 * answers, then stops it.
 */
import { connectClient } from '../../src/temporal/connection.js'
import { startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget } from '../../src/temporal/target.js'

const server = await startDevServer({ headless: true })
const { connection } = await connectClient(plainTarget(server.address))
process.once('SIGINT', async () => {
  const answer = await connection.workflowService.getSystemInfo({}).then(
    () => 'answers',
    (error: unknown) => `is silent: ${error}`,
  )
  console.log(answer)
  await connection.close()
  await server.stop()
  process.exit(0)
})
console.log(JSON.stringify({ address: server.address, group: server.pid }))
