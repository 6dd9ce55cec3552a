import type { Fault } from '../fault-proxy.js'

/** What an S3 server says instead of doing what it was asked. */
export function s3Refusal(status: number, code: string, message = code): Fault {
  return s3Answer(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`)
}

export function s3Answer(status: number, xml: string): Fault {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`
  return { status, body, headers: { 'content-type': 'application/xml' } }
}

export const slowDown = s3Refusal(503, 'SlowDown', 'Please reduce your request rate.')
