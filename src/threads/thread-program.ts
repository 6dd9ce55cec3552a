import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'

const here = import.meta.url
const require = createRequire(here)

/**
 * The program of a worker thread as a URL. A TypeScript job file needs tsx, which is registered inside the thread (Node 20 ignores `--import`
 * there) and found from this package, not from the working directory. A thread with tsx takes about 300 ms and 25 MB more than one
 * without, so job files that are JavaScript already do without.
 */
export function threadProgram(
  program: 'engine/embedded/task-thread' | 'engine/embedded/file-threads/file-thread' | 'log-thread/log-thread',
  jobFiles: readonly string[] = [],
): URL {
  const entry = new URL(`../${program}${extname(here)}`, here).href
  if (!needsTsx(jobFiles)) return new URL(entry)
  // First CommonJS, then ESM: a job file may be either.
  const lines = ['tsx/cjs/api', 'tsx/esm/api']
    .map((api, index) => `import * as tsx${index} from ${JSON.stringify(urlOf(api))}\ntsx${index}.register()`)
    .concat(`await import(${JSON.stringify(entry)})`)
    .join('\n')
  return new URL(`data:text/javascript,${encodeURIComponent(lines)}`)
}

export function needsTsx(jobFiles: readonly string[]): boolean {
  return here.endsWith('.ts') || jobFiles.some((file) => !isJavaScript(file))
}

function isJavaScript(file: string): boolean {
  return ['.js', '.mjs', '.cjs'].includes(extname(file))
}

/** `require` resolves to the CommonJS build; the ESM one lies beside it. */
function urlOf(specifier: string): string {
  return pathToFileURL(require.resolve(specifier).replace(/\.cjs$/, '.mjs')).href
}
