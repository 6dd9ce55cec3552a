import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf, TidemarkError } from '../errors.js'
import type { Metrics } from './metrics.js'

export interface MetricsServer {
  readonly url: string
  close(): void
}

/**
 * Answers `GET /metrics` at an address of this machine.
 * @param address `host:port`; port 0: a free one
 * @throws TidemarkError `InvalidConfiguration` where it cannot listen there
 */
export async function serveMetrics(metrics: Metrics, address: string): Promise<MetricsServer> {
  const separator = address.lastIndexOf(':')
  const host = address.slice(0, separator).replace(/^\[(.*)\]$/, '$1')
  const server = createServer((request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end('GET /metrics\n')
      return
    }
    metrics.render().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(`${messageOf(error)}\n`),
    )
  })
  try {
    server.listen(Number(address.slice(separator + 1)), host)
    await once(server, 'listening')
  } catch (error) {
    throw new TidemarkError(
      'InvalidConfiguration',
      `metrics.prometheus.address: cannot listen on ${address} (${messageOf(error)}): choose another port, or 0 for a free one.`,
      { cause: error },
    )
  }
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${address.slice(0, separator)}:${port}/metrics`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
