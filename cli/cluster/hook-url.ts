import { credentialsIn } from '../../src/api/credentials.ts'
import { at, isObject, listAt, stringAt } from '../../src/api/json.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { endpointPath, namedPath, triggerPath } from '../../src/token/published.ts'

export interface HookURL {
  /** The beginning of the URL, without a slash at its end. */
  readonly base: string
  /** The rest of the URL, with a slash at its beginning. It may have a secret. */
  readonly path: string
  readonly url: string
}

export type URLProblem =
  /** Nothing is published yet. */
  | { readonly problem: 'none' }
  /** The Secret does not belong to this hook. */
  | { readonly problem: 'foreign' }
  /** The published value is not a usable URL. */
  | { readonly problem: 'unusable'; readonly message: string }

/**
 * Returns the name of the Secret that has the secret part of a hook's URL. Undefined if the status
 * has the whole URL.
 */
export const urlSecretOf = (hook: unknown): string | undefined =>
  stringAt(hook, 'spec', 'auth', 'path', 'secretKeyRef', 'name') ?? tokenSecretOf(hook)

/**
 * Returns the name of the Secret with a hook's token, or undefined if the token is in the status.
 */
const tokenSecretOf = (hook: unknown): string | undefined => stringAt(hook, 'spec', 'token', 'secretName')

/**
 * Returns the URL of a hook. `secret` is the object that {@link urlSecretOf} names. Only the secret
 * part of the URL is taken from it. The base comes from the status, which only the controller may
 * write. So a person who may change Secrets cannot choose where posts go, or what is pasted into a
 * shell.
 */
export const hookURL = (hook: unknown, secret: unknown): HookURL | URLProblem => {
  if (hasNamedURL(at(hook, 'spec'))) return namedURL(hook, secret)
  const name = tokenSecretOf(hook)
  if (name === undefined) {
    const url = stringAt(hook, 'status', 'triggerURL')
    return url === undefined ? { problem: 'none' } : (partsOf(url) ?? unusable("status.triggerURL is not a hook's URL"))
  }
  if (secret === undefined) return { problem: 'none' }
  // Another Secret of that name must not give the URL a token.
  if (!isOwnedBy(secret, stringAt(hook, 'metadata', 'uid'))) return { problem: 'foreign' }
  const endpoint = stringAt(hook, 'status', 'endpoint')
  if (endpoint === undefined) return { problem: 'none' }
  const token = Buffer.from(stringAt(secret, 'data', 'token') ?? '', 'base64').toString('utf8')
  if (!isToken(token)) return unusable(`Secret/${name} has no token under the key token`)
  const base = baseIn(endpoint, endpointPath)
  return base === undefined ? noEndpoint : urlWith(base, triggerPath + token)
}

/**
 * Returns whether a hook still has the URL from before a rotation, which may end at once: the
 * controller has not published the new one. A URL with a name stays the same.
 */
export const isBeforeRotation = (hook: unknown): boolean =>
  !hasNamedURL(at(hook, 'spec')) && rotationAt(hook, 'spec', 'token') > rotationAt(hook, 'status', 'minted')

const rotationAt = (hook: unknown, ...path: readonly string[]): number => Number(at(hook, ...path, 'rotation') ?? 0)

/** Returns the URL with a hook's name, and with the secret of `auth.path` at its end if it asks for one. */
const namedURL = (hook: unknown, secret: unknown): HookURL | URLProblem => {
  const endpoint = stringAt(hook, 'status', 'endpoint')
  if (endpoint === undefined) return { problem: 'none' }
  const path = namedPathOf(hook)
  const base = baseIn(endpoint, path)
  // The controller may not have seen yet that the URL is to have the name.
  if (base === undefined) return endpoint.endsWith(endpointPath) ? { problem: 'none' } : noEndpoint
  const reference = at(hook, 'spec', 'auth', 'path', 'secretKeyRef')
  if (reference === undefined) return urlWith(base, path)
  const [name = '', key = ''] = [stringAt(reference, 'name'), stringAt(reference, 'key')]
  const found = credentialsIn(isObject(secret) ? secret : undefined, { form: 'path', secret: name, key }, true)
  if (!('form' in found)) return unusable(found.message)
  return found.form === 'path' ? urlWith(base, `${path}/${found.values[0].toString('latin1')}`) : noEndpoint
}

const namedPathOf = (hook: unknown): string =>
  namedPath(stringAt(hook, 'metadata', 'namespace') ?? '', stringAt(hook, 'metadata', 'name') ?? '')

/** Returns the base of a hook's URLs from its status, or undefined if none is published. */
export const baseOf = (hook: unknown): string | undefined => {
  const endpoint = stringAt(hook, 'status', 'endpoint') ?? ''
  if (hasNamedURL(at(hook, 'spec'))) return baseIn(endpoint, namedPathOf(hook))
  if (tokenSecretOf(hook) !== undefined) return baseIn(endpoint, endpointPath)
  return partsOf(stringAt(hook, 'status', 'triggerURL') ?? '')?.base
}

/**
 * Returns whether a text has the form of a compact JWS (RFC 7515, section 7.1). Such a text is safe
 * in a shell, YAML, JSON and a URL.
 */
const isToken = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)

/**
 * Returns whether URLs can begin with this text. `URL.canParse` alone would accept blanks and line
 * breaks around the text, and an empty query. After `?` or `#` nothing would be part of the path.
 */
const isBase = (text: string): boolean =>
  /^https?:\/\/[^\s?#\p{Cc}]+$/u.test(text) && !text.endsWith('/') && URL.canParse(text)

/** Returns what is before `path` in an endpoint, or undefined if that is no base. */
const baseIn = (endpoint: string, path: string): string | undefined => {
  const base = endpoint.slice(0, -path.length)
  return endpoint.endsWith(path) && isBase(base) ? base : undefined
}

const partsOf = (url: string): HookURL | undefined => {
  const end = url.lastIndexOf(triggerPath)
  const [base, token] = [url.slice(0, Math.max(0, end)), url.slice(end + triggerPath.length)]
  return isBase(base) && isToken(token) ? urlWith(base, triggerPath + token) : undefined
}

const urlWith = (base: string, path: string): HookURL => ({ base, path, url: base + path })

const unusable = (message: string): URLProblem => ({ problem: 'unusable', message })

const noEndpoint = unusable("status.endpoint is not a trigger's http or https URL")

const isOwnedBy = (secret: unknown, uid: string | undefined): boolean =>
  uid !== undefined && listAt(secret, 'metadata', 'ownerReferences').some(owner => stringAt(owner, 'uid') === uid)
