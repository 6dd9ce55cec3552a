/**
 * Loaded before the first workflow, for all of a worker. The SDK takes a stack trace of every promise that a workflow makes, for the query
 * `__stack_trace`, and looks up each frame of ours in the source map: two thirds of the time that a signal takes. Of three frames two are the
 * SDK's own: the query names the place of each wait, and what is thrown still says where.
 */
Error.stackTraceLimit = 3
