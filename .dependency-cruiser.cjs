/** The architecture, as rules: which folder may know which. Run by `npm run lint`. */
module.exports = {
  forbidden: [
    {
      name: 'pure-folders',
      comment:
        'The coordinator and the checkpoint rules know neither Node nor Temporal: they run in workflows, models and scenarios.',
      severity: 'error',
      from: { path: '^src/(coordinator|checkpoint)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-folders-no-temporal',
      comment: 'As above.',
      severity: 'error',
      from: { path: '^src/(coordinator|checkpoint)/' },
      to: {
        path: 'node_modules/@temporalio/|^(workflows|activities)/|^src/(temporal|storage|checkpoint-store|cli|client)/',
      },
    },
    {
      name: 'workflows-are-deterministic',
      comment: 'Workflow code reaches pure code only: no Node, no storage, no engine.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        path: '^src/(storage|checkpoint-store|cli|client|connectors|pipeline)/|^src/engine/embedded/|^activities/(?!contract)',
      },
    },
    {
      name: 'workflows-no-node',
      comment: 'As above.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'drivers-know-bytes-and-names',
      comment: 'Storage drivers know nothing of checkpoints.',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/(?!storage/|errors|in-lanes|group-by)|^(workflows|activities)/' },
    },
    {
      name: 'engine-without-temporal',
      comment: 'Whatever runs the records is orchestrated from outside.',
      severity: 'error',
      from: { path: '^src/(engine|pipeline|connectors)/' },
      to: { path: 'node_modules/@temporalio/|^(workflows|activities)/|^src/(temporal|cli|client|coordinator)/' },
    },
    {
      name: 'store-without-temporal',
      comment: 'The protocol works with Temporal gone.',
      severity: 'error',
      from: { path: '^src/(checkpoint-store|log-thread|threads)/' },
      to: {
        path: 'node_modules/@temporalio/|^(workflows|activities)/|^src/(temporal|cli|client|coordinator|pipeline|connectors)/',
      },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing uses.',
      severity: 'error',
      from: { orphan: true, pathNot: '\\.d\\.ts$|^workflows/short-stack-traces\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
}
