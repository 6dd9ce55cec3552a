/** A plain Temporal worker, as `node bare-temporal-worker.mjs ADDRESS TASK_QUEUE BUNDLE`. Ends with SIGTERM. */
import { NativeConnection, Worker } from '@temporalio/worker'

const [, , address, taskQueue, codePath] = process.argv
const connection = await NativeConnection.connect({ address })
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: { codePath },
  activities: { nothing: async () => {} },
  maxCachedWorkflows: 1_000,
})
const run = worker.run()
process.stdout.write('ready:\n')
await run
await connection.close()
