import { at, stringAt } from '../api/json.ts'
import { endpointPath, triggerPath } from './published.ts'

/** Where a hook is posted to. */
export interface HookURL {
  /** What the URL begins with, without a slash at the end. */
  readonly base: string
  readonly token: string
  readonly url: string
}

export type URLProblem =
  /** Nothing is published yet. */
  | { readonly problem: 'none' }
  /** The Secret is not this hook's. */
  | { readonly problem: 'foreign' }
  /** What is there is none that can be posted to. */
  | { readonly problem: 'unusable'; readonly message: string }

/** The Secret that holds a hook's token; undefined for a hook that has it in its status. */
export const tokenSecretOf = (hook: unknown): string | undefined => stringAt(hook, 'spec', 'token', 'secretName')

/**
 * The URL of a hook. Of the Secret that `token.secretName` names only the token counts, and only if the Secret is the
 * hook's own: the base is what the controller publishes in the status, which it alone may write. A person who may change
 * Secrets must not choose where a post and its credentials go, or what is pasted into a shell.
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

/** What the URLs of a hook begin with, as the controller publishes it; undefined where it has not. */
export const baseOf = (hook: unknown): string | undefined => {
  if (tokenSecretOf(hook) !== undefined) return baseIn(stringAt(hook, 'status', 'endpoint') ?? '')
  return partsOf(stringAt(hook, 'status', 'triggerURL') ?? '')?.base
}

/** A compact JWS (RFC 7515, section 7.1): no character of it means anything to a shell, YAML, JSON or a URL. */
const isToken = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)

/**
 * Whether URLs can begin with this. The parser would pass over an empty query and over blanks and line breaks around the
 * text, and everything after a `?` or `#` would be no path.
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
