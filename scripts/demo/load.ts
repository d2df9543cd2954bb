import { createServer } from 'node:http'
import { listen } from '../../src/environment/listen.ts'

/** The load that the pods of a Deployment would expose, on loopback. */
export interface Load {
  readonly port: number
  /** All that there is to do, by when that began, in milliseconds since the epoch. The pods share it evenly. */
  readonly totals: readonly Total[]
  /** From now on there is so much to do. */
  readonly becomes: (total: number) => void
  readonly close: () => void
}

export interface Total {
  readonly at: number
  readonly total: number
}

/**
 * Serves metrics in the place of pods. There are as many of them as `ready` says at that moment.
 */
export const serveLoad = async (total: number, ready: () => number): Promise<Load> => {
  const totals = [{ at: Date.now(), total }]
  const server = createServer((_request, response) => {
    const pods = ready()
    const each = (totals.at(-1)?.total ?? 0) / pods
    const lines = Array.from({ length: pods }, (_, index) => `web_load{pod="web-${index}"} ${each}\n`)
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE web_load gauge\n${lines.join('')}`)
  })
  return {
    port: await listen(server, { host: '127.0.0.1', port: 0 }),
    totals,
    becomes: next => void totals.push({ at: Date.now(), total: next }),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
