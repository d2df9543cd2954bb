import { at, stringAt } from '../api/json.ts'
import { endpointPath, triggerPath } from './published.ts'

/** The URL of a hook. */
export interface HookURL {
  /** The beginning of the URL, without a slash at its end. */
  readonly base: string
  readonly token: string
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
 * Returns the name of the Secret with a hook's token, or undefined if the token is in the status.
 */
export const tokenSecretOf = (hook: unknown): string | undefined => stringAt(hook, 'spec', 'token', 'secretName')

/**
 * Returns the URL of a hook. From the Secret in `token.secretName` only the token is used, and only
 * if this hook owns the Secret. The base comes from the status, which only the controller may
 * write. So a person who may change Secrets cannot choose where posts go, or what is pasted into a
 * shell.
 */
export const hookURL = (hook: unknown, secret: unknown): HookURL | URLProblem => {
  const name = tokenSecretOf(hook)
  if (name === undefined) {
    const url = stringAt(hook, 'status', 'triggerURL')
    return url === undefined ? { problem: 'none' } : (partsOf(url) ?? unusable('status.triggerURL is no URL of a hook'))
  }
  if (secret === undefined) return { problem: 'none' }
  if (!isOwnedBy(secret, stringAt(hook, 'metadata', 'uid'))) return { problem: 'foreign' }
  const endpoint = stringAt(hook, 'status', 'endpoint')
  if (endpoint === undefined) return { problem: 'none' }
  const token = Buffer.from(stringAt(secret, 'data', 'token') ?? '', 'base64').toString('utf8')
  if (!isToken(token)) return unusable(`Secret/${name} has no token under the key token`)
  const base = baseIn(endpoint)
  return base === undefined ? unusable('status.endpoint is no http or https URL of a trigger') : partsWith(base, token)
}

/** Returns the base of a hook's URLs from its status, or undefined if none is published. */
export const baseOf = (hook: unknown): string | undefined => {
  if (tokenSecretOf(hook) !== undefined) return baseIn(stringAt(hook, 'status', 'endpoint') ?? '')
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

const baseIn = (endpoint: string): string | undefined => {
  const base = endpoint.slice(0, -endpointPath.length)
  return endpoint.endsWith(endpointPath) && isBase(base) ? base : undefined
}

const partsOf = (url: string): HookURL | undefined => {
  const end = url.lastIndexOf(triggerPath)
  const [base, token] = [url.slice(0, Math.max(0, end)), url.slice(end + triggerPath.length)]
  return isBase(base) && isToken(token) ? partsWith(base, token) : undefined
}

const partsWith = (base: string, token: string): HookURL => ({ base, token, url: `${base}${triggerPath}${token}` })

const unusable = (message: string): URLProblem => ({ problem: 'unusable', message })

const isOwnedBy = (secret: unknown, uid: string | undefined): boolean => {
  const owners = at(secret, 'metadata', 'ownerReferences')
  return uid !== undefined && Array.isArray(owners) && owners.some(owner => stringAt(owner, 'uid') === uid)
}
