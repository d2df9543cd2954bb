import type { ApiRequest } from '../../src/environment/environment.ts'
import { hookPlural } from '../../src/api/names.ts'
import type { ServerResponse } from '../../apiserver/response.ts'
import type { Rng } from './seed.ts'

/** How long a message is on its way when all is well, in milliseconds. */
const latencyMs = { least: 1, most: 5 }

/** The time of one way, with bad luck. */
export const travelMs = (rng: Rng, { slow, slowMs }: { readonly slow: number; readonly slowMs: number }): number =>
  rng.int(latencyMs.least, latencyMs.most) + (rng.chance(slow) ? rng.int(1, slowMs) : 0)

/** A `Status` as the body of an answer. */
export const status = (
  code: number,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse => ({
  status: code,
  headers,
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message: reason, code }),
})

/** Answers of a server that does not look at what it is asked: busy, broken, or its authenticator is unreachable. */
export const declined = (rng: Rng): ServerResponse =>
  rng.pick([
    status(429, 'TooManyRequests', { 'retry-after': '1' }),
    status(500, 'InternalError'),
    status(503, 'ServiceUnavailable'),
    status(401, 'Unauthorized'),
  ])

/** The version of a list, or of the object in a line of a watch: the first one in the text. */
export const versionIn = (text: string): number => Number(/"resourceVersion":"(\d+)"/.exec(text)?.[1] ?? 0)

/** What the checks look at of what a process receives. */
export type Followed = 'hooks' | 'keys'

/** What is in the collection at a path, where the checks look at it: the only ConfigMap that anyone follows has the keys. */
export const followedAt = (path: string): Followed | undefined => {
  if (path.endsWith(`/${hookPlural}`)) return 'hooks'
  return path.endsWith('/configmaps') ? 'keys' : undefined
}

/** Whether a path is that of a collection: after the version come its namespace, if it has one, and its name. */
const isCollection = (path: string): boolean => /^\/(api|apis\/[^/]+)\/[^/]+\/(namespaces\/[^/]+\/)?[^/]+$/.test(path)

/** Whether a request reads a collection as it is now. */
export const isConsistentList = ({ method, path, query }: ApiRequest): boolean =>
  method === 'GET' && isCollection(path) && query?.['resourceVersion'] === undefined

/** Whether an API server answers a request from its cache: it knows what was stored at each version of late. */
export const isFromCache = (request: ApiRequest): boolean =>
  isConsistentList(request) || (isCollection(request.path) && request.query?.['resourceVersionMatch'] === 'Exact')
