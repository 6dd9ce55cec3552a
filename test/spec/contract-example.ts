/** The argument as the contract shows it: every field, with the defaults where there are any. */
export const contractExample = {
  definition: 'flight-delays',
  args: { input: '...' },
  parallelism: 1,
  checkpointing: {
    interval: '10s',
    timeout: '10min',
    minPause: '0s',
    tolerableFailedCheckpoints: 3,
    retention: 'RETAIN_ON_CANCELLATION',
    numRetained: 3,
    incremental: true,
  },
  restartStrategy: { type: 'exponential-delay' },
  restore: {
    from: 'file:///checkpoints/flight-delays/run/chk-12',
    claimMode: 'NO_CLAIM',
    allowNonRestoredState: false,
  },
}
