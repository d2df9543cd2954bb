import { at, parseJson } from '../../src/api/json.ts'
import type { ApiConnection, ApiRequest, ApiResponse, Clock } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { wait } from '../../src/environment/wait.ts'
import { noApi } from './environment.ts'

/**
 * What happens to one request: it is answered; its answer is lost after it took effect; it is lost, which looks the same
 * from here; it surely never arrives; or it gets this answer and has no effect.
 */
export type NetworkFault = 'answered' | 'answer lost' | 'lost on its way' | 'never arrives' | ApiResponse

export interface ScaleServer {
  readonly api: ApiConnection
  /** The count, or undefined when the target is gone. */
  replicas: number | undefined
  ownerReferences: readonly object[]
  /** Decides what happens to each request; all are answered by default. */
  fault: (request: ApiRequest) => NetworkFault
  /** Exact versions below this one are answered with 410. */
  compactedBefore: number
  /** Each request so far, as `GET`, `LIST` or `PATCH n`. */
  readonly requests: string[]
  /** Somebody else writes: the count, or only the version. */
  outsideWrite(replicas?: number): void
}

const status = (code: number, reason: string): ApiResponse => ({
  status: code,
  headers: {},
  body: JSON.stringify({ kind: 'Status', reason, message: reason, details: { name: 'web' } }),
})
const ok = (body: object): ApiResponse => ({ status: 200, headers: {}, body: JSON.stringify(body) })
const isList = ({ path }: ApiRequest): boolean => path.endsWith('/deployments')

/** Returns one Deployment behind a connection in fake time, which answers each request after `latencyMs`. */
export const scaleServer = (clock: Clock, replicas: number, latencyMs = 2): ScaleServer => {
  let version = 100
  let owner = 'kubectl'
  /** Every version so far: what a list with an exact version shows. */
  const history: { readonly version: number; readonly object: object }[] = []

  const deployment = (): object => ({
    kind: 'Deployment',
    metadata: {
      name: 'web',
      uid: 'u1',
      resourceVersion: String(version),
      ownerReferences: server.ownerReferences,
      managedFields: [{ manager: owner, operation: 'Apply', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }],
    },
    spec: { replicas: server.replicas },
  })
  const listAt = (exact: string | undefined): ApiResponse => {
    const asked = exact === undefined ? version : Number(exact)
    if (asked < server.compactedBefore) return status(410, 'Expired')
    const items = history.filter(entry => entry.version <= asked).slice(-1)
    return ok({ metadata: { resourceVersion: String(asked) }, items: items.map(entry => entry.object) })
  }
  const write = (manager: string, count: number | undefined): void => {
    version += 1
    if (count !== undefined) {
      server.replicas = count
      owner = manager
    }
    history.push({ version, object: deployment() })
  }
  const handle = (request: ApiRequest): ApiResponse => {
    if (isList(request)) return listAt(request.query?.['resourceVersion'])
    if (server.replicas === undefined) return status(404, 'NotFound')
    if (request.method === 'PATCH') {
      const sent = parseJson(request.body ?? '')
      if (at(sent, 'metadata', 'resourceVersion') !== String(version)) return status(409, 'Conflict')
      write(request.query?.['fieldManager'] ?? '', Number(at(sent, 'spec', 'replicas')))
    }
    return ok(deployment())
  }
  const nameOf = (request: ApiRequest): string => {
    if (isList(request)) return 'LIST'
    if (request.method !== 'PATCH') return request.method
    return `PATCH ${String(at(parseJson(request.body ?? ''), 'spec', 'replicas'))}`
  }
  const server: ScaleServer = {
    replicas,
    ownerReferences: [],
    fault: () => 'answered',
    compactedBefore: 0,
    requests: [],
    outsideWrite: count => write('outsider', count),
    api: {
      ...noApi,
      request: async request => {
        server.requests.push(nameOf(request))
        const fault = server.fault(request)
        await wait(clock, latencyMs / 2)
        if (fault === 'never arrives') throw new Unreachable('connection refused', false)
        const response = typeof fault === 'object' ? fault : fault === 'lost on its way' ? undefined : handle(request)
        await wait(clock, latencyMs / 2)
        if (response === undefined || fault === 'answer lost') throw new Unreachable('connection reset', true)
        return response
      },
    },
  }
  history.push({ version, object: deployment() })
  return server
}
