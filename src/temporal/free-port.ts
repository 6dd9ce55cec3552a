import { createServer } from 'node:net'
import { TidemarkError } from '../errors.js'

/**
 * A port that can be listened on: the given one, or, for 0 or none, a free one.
 *
 * @throws TidemarkError `InvalidUsage` when the given one is taken or not permitted
 */
export async function claimPort(port: number | undefined, ip: string, purpose: string): Promise<number> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ port: port ?? 0, host: ip, exclusive: true }, resolve)
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error(`no port was given for ${ip}`)
    return address.port
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE') {
      throw new TidemarkError(
        'InvalidUsage',
        `Port ${port} on ${ip}, for ${purpose}, is taken by another program: stop that program, or choose another port (0 for any free one).`,
        { cause: error },
      )
    }
    throw new TidemarkError(
      'InvalidUsage',
      `Port ${port ?? 0} on ${ip}, for ${purpose}, cannot be listened on (${code}): choose another port or address.`,
      { cause: error },
    )
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}
