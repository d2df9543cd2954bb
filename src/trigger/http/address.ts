import type { IncomingMessage } from 'node:http'
import { nameLength } from '../../api/names.ts'
import type { TriggerAnswer } from '../answer.ts'
import type { PostAddress } from '../request.ts'

/** What a request posts to, and where it says so. */
export interface Address extends PostAddress {
  /** Whether the token must be in the header Authorization. */
  readonly isInHeader: boolean
}

/**
 * The path of a trigger. It may end without a token, which is then in the header Authorization. No
 * log of URLs then contains the token.
 */
const triggerPath = /^\/v1\/trigger(?:\/([A-Za-z0-9_.-]+))?(?:\?[^#]*)?$/
const bearer = /^Bearer +([A-Za-z0-9_.-]+) *$/i

/**
 * The path of a hook whose URL has its name: a namespace (RFC 1123 label) and a name (subdomain). A
 * secret may follow.
 */
const namedPath =
  /^\/v1\/hooks\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?:\/([A-Za-z0-9_-]{1,256}))?(?:\?[^#]*)?$/

/**
 * The scheme and the authority of a target in absolute form: a host, or an address of IPv6, and
 * perhaps a port. A user is an error (RFC 9110, section 4.2.4).
 */
const origin = /^https?:\/\/(?:[A-Za-z0-9._~%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?=[/?]|$)/i

/**
 * Returns the path and the query of a target in absolute form, which every server must accept (RFC
 * 9112, section 3.2.2). No parser reads it, so the path stays exactly as it was sent. Returns other
 * targets unchanged.
 */
export const originForm = (target: string): string => {
  const before = origin.exec(target)?.[0]
  if (before === undefined) return target
  const rest = target.slice(before.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Two neighbours that no name has. */
const noName = /[.-][.]|[.]-/

/**
 * Returns what a request posts to: a token, a name, or neither. If the header Authorization is
 * repeated, Node joins its values into a text that matches no token.
 */
export const postedAddress = ({ headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>): Address => {
  const [, namespace, name, secret] = namedPath.exec(url) ?? []
  if (namespace !== undefined && name !== undefined) {
    const isPossible = name.length <= nameLength && !noName.test(name)
    const named = isPossible ? { namespace, name, ...(secret !== undefined && { secret }) } : undefined
    return { token: undefined, named, isInHeader: false }
  }
  const found = triggerPath.exec(url)
  const isInHeader = found !== null && found[1] === undefined
  return { token: isInHeader ? bearer.exec(headers.authorization ?? '')?.[1] : found?.[1], isInHeader }
}

/**
 * Turns the answer 404 to a wrong token in the header Authorization into 401 with the header
 * WWW-Authenticate (RFC 6750, section 3). Returns other answers unchanged.
 */
export const withChallenge = (answer: TriggerAnswer): TriggerAnswer =>
  answer !== 'no answer' && answer.status === 404
    ? { ...answer, status: 401, headers: { ...answer.headers, 'www-authenticate': 'Bearer' } }
    : answer

/**
 * Removes the header Authorization, which has the token, from headers that an expression or `auth`
 * may read.
 */
export const withoutToken = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'))
