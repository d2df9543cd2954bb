import type { Act } from '../../acts/acts.ts'
import { checkedMilliseconds } from '../../api/duration.ts'
import type { OutboundRequest } from '../../environment/environment.ts'
import type { DriverPost, Execution } from '../driver.ts'
import { neverPasses, type Forward } from './schema.ts'
import type { ServiceAddress } from './service.ts'

/** The header with the hook that passes a post on. */
const hookHeader = 'receiver-hook'

/** The header that says how many hooks have passed a post on. */
const hopsHeader = 'receiver-hook-hops'

/** How many hooks may pass on one post. So a post ends that hooks pass on to one another in a circle. */
export const maxHops = 4

/** The longest answer of a Service that is read, in bytes. The rest of a longer one is dropped. */
const maxAnswerBytes = 64 * 1024

/** The parameters of the query that are for the hook and not for the Service. */
const ownParameters = ['dryRun', 'wait']

/**
 * Returns how many hooks have passed a post on. Undefined if there are too many, or if the header
 * has no number.
 */
export const hopsOf = ({ headers }: Pick<DriverPost, 'headers'>): number | undefined => {
  const hops = headers[hopsHeader]
  if (hops === undefined) return 0
  return /^\d$/.test(hops) && Number(hops) < maxHops ? Number(hops) : undefined
}

/** Makes the request to the Service. It is the same for each try and each copy of a delivery. */
export const requestTo = (
  { headers, path, query, service, timeout }: Forward,
  { host }: ServiceAddress,
  { id }: Act,
  hops: number,
  { hook: { name, namespace }, post }: Pick<Execution, 'hook' | 'post'>,
): OutboundRequest => {
  const chosen = new Set(['content-type', ...(headers ?? []).map(each => each.toLowerCase())])
  return {
    method: 'POST',
    url: `http://${host}${path}${query ? queryOf(post.query) : ''}`,
    headers: {
      ...Object.fromEntries(
        // A hook that was stored before a header was refused is checked here too.
        Object.entries(post.headers).filter(([each]) => chosen.has(each) && isPassed(each)),
      ),
      host: `${service.name}.${namespace}.svc`,
      'idempotency-key': id,
      [hookHeader]: `${namespace}/${name}`,
      [hopsHeader]: String(hops + 1),
    },
    body: post.body,
    timeoutMs: checkedMilliseconds(timeout),
    maxBytes: maxAnswerBytes,
  }
}

const isPassed = (name: string): boolean => name === 'content-type' || !neverPasses(name)

const queryOf = (query: URLSearchParams): string => {
  const passed = new URLSearchParams([...query].filter(([name]) => !ownParameters.includes(name)))
  return passed.size === 0 ? '' : `?${passed.toString()}`
}
