import type { z } from 'zod'

/** What a schema found wrong, in one clause: `delay: Invalid input: expected number, received string`. */
export function faultOf(error: z.ZodError): string {
  const faults = error.issues.map((issue) => {
    const path = issue.path.map(String).join('.')
    return path === '' ? issue.message : `${path}: ${issue.message}`
  })
  return faults.join('; ')
}
