import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker'
import { payloadConverterPath } from './data-converter.js'

/** Beside the compiled workflows; written by the build, since bundling takes seconds. */
const prebuilt = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url))

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const workflowModule = (name: string) => fileURLToPath(new URL(`../../workflows/${name}.${extension}`, import.meta.url))

/** The workflows as one script: the prebuilt one of a compiled package, else bundled now. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  return extension === 'js' && existsSync(prebuilt) ? { codePath: prebuilt } : bundle()
}

/**
 * Bundles the workflows with the payload converter that they need.
 *
 * @param interceptors modules that change what the workflows do; a test makes other builds by them
 */
export async function bundle(interceptors: readonly string[] = []): Promise<{ readonly code: string }> {
  const workflowInterceptorModules = [...interceptors]
  const logger = { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error }
  return bundleWorkflowCode({
    workflowsPath: workflowModule('index'),
    preloadModules: [workflowModule('short-stack-traces')],
    payloadConverterPath,
    workflowInterceptorModules,
    logger,
  })
}
