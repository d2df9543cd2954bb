import { at, parseJson } from '../../src/api/json.ts'
import type { ApiConnection, ApiRequest, ApiResponse, Clock } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { wait } from '../../src/environment/wait.ts'
import { noApi } from './environment.ts'

/** What happens to one request: it is answered, its answer is lost after it took effect, it never arrives, or else. */
export type Fate = 'answered' | 'answer lost' | 'never arrives' | ApiResponse

export interface ScaleServer {
  readonly api: ApiConnection
  /** The count, or undefined when the target is gone. */
  replicas: number | undefined
  ownerReferences: readonly object[]
  /** Decides what happens to each request; all are answered by default. */
  fate: (request: ApiRequest) => Fate
  /** Each request so far, as `GET` or `PATCH n`. */
  readonly requests: string[]
  /** Somebody else writes: the count, or only the version. */
  outsideWrite(replicas?: number): void
}

/** One Deployment behind a connection in fake time, which answers each request after `latencyMs`. */
export const scaleServer = (clock: Clock, replicas: number, latencyMs = 2): ScaleServer => {
  let version = 100
  const status = (code: number, reason: string): ApiResponse => ({
    status: code,
    headers: {},
    body: JSON.stringify({ kind: 'Status', reason, message: reason }),
  })
  const handle = ({ body, method }: ApiRequest): ApiResponse => {
    if (server.replicas === undefined) return status(404, 'NotFound')
    if (method === 'PATCH') {
      const sent = parseJson(body ?? '')
      if (at(sent, 'metadata', 'resourceVersion') !== String(version)) return status(409, 'Conflict')
      server.outsideWrite(Number(at(sent, 'spec', 'replicas')))
    }
    const metadata = {
      name: 'web',
      uid: 'u1',
      resourceVersion: String(version),
      ownerReferences: server.ownerReferences,
    }
    const spec = { replicas: server.replicas }
    return { status: 200, headers: {}, body: JSON.stringify({ kind: 'Deployment', metadata, spec }) }
  }
  const server: ScaleServer = {
    replicas,
    ownerReferences: [],
    fate: () => 'answered',
    requests: [],
    outsideWrite: count => {
      version += 1
      if (count !== undefined) server.replicas = count
    },
    api: {
      ...noApi,
      request: async request => {
        const { body, method } = request
        server.requests.push(
          method === 'PATCH' ? `PATCH ${String(at(parseJson(body ?? ''), 'spec', 'replicas'))}` : method,
        )
        const fate = server.fate(request)
        await wait(clock, latencyMs / 2)
        if (fate === 'never arrives') throw new Unreachable('connection refused', false)
        const response = typeof fate === 'object' ? fate : handle(request)
        await wait(clock, latencyMs / 2)
        if (fate === 'answer lost') throw new Unreachable('connection reset', true)
        return response
      },
    },
  }
  return server
}
