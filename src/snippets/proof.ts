import type { Auth } from '../api/auth.ts'
import { goText, plainText, shellWord } from './quote.ts'
import type { Proves, SnippetHook, SnippetText } from './snippet.ts'

/** What a product can show that sends the header `Authorization`, or a user and a password. */
export const credentials: Proves = { forms: ['bearer', 'basic'] }

/** What a product can show that sends any header. */
export const anyHeader: Proves = { forms: ['bearer', 'basic', 'header'] }

/** What a product can show that sends nothing but its own body. */
export const nothing: Proves = { forms: [] }

/** What a script can show. */
export const anyProof: Proves = { forms: ['bearer', 'basic', 'header', 'hmac', 'standardWebhooks'] }

/** A command that prints what the hook's Secret has under some keys, with `:` between them. */
export const readingSecret = (namespace: string, secret: string, ...keys: readonly string[]): string => {
  const template = keys.map(key => `{{index .data ${goText(key)} | base64decode}}`).join(':')
  return `kubectl -n ${shellWord(namespace)} get secret ${shellWord(secret)} -o go-template=${shellWord(template)}`
}

/** Where a hook is posted to if its token stands in the header `Authorization`, and that token. */
export interface HeaderToken {
  /** The hook's `status.endpoint`. */
  readonly endpoint: string
  readonly token: string
}

/**
 * Takes the token out of a hook's URL, for a product that hides the header `Authorization`. Undefined where the hook's `auth`
 * asks for that header: then the token stays in the URL.
 */
export const headerTokenOf = ({ auth, url }: Pick<SnippetHook, 'auth' | 'url'>): HeaderToken | undefined => {
  if (authorizationOf(auth) !== undefined) return undefined
  const end = url.lastIndexOf('/')
  return { endpoint: url.slice(0, Math.max(0, end)), token: url.slice(end + 1) }
}

/** The token that stands in the header, for a product that reads it from none of the cluster's Secrets. */
export const tokenText = (hook: SnippetHook, where: string): readonly SnippetText[] => {
  const header = headerTokenOf(hook)
  return header === undefined || hook.secretName !== undefined
    ? []
    : [{ where, language: 'text', text: `${header.token}\n` }]
}

/** What a product that hides all headers is given: where it posts, and those headers. */
export const hiddenHeaders = (hook: SnippetHook): { readonly url: string; readonly headers: readonly Header[] } => {
  const token = headerTokenOf(hook)
  const asked = askedHeaders(hook.auth)
  return token === undefined
    ? { url: hook.url, headers: asked }
    : { url: token.endpoint, headers: [{ name: 'Authorization', value: `Bearer ${token.token}` }, ...asked] }
}

/** What a product that hides the header `Authorization` alone is given: where it posts, and that header. */
export const hiddenToken = (
  hook: Pick<SnippetHook, 'auth' | 'url'>,
): { readonly url: string; readonly authorization: string | undefined } => {
  const header = headerTokenOf(hook)
  return header === undefined
    ? { url: hook.url, authorization: authorizationOf(hook.auth) }
    : { url: header.endpoint, authorization: `Bearer ${header.token}` }
}

export interface Header {
  readonly name: string
  readonly value: string
}

/** The headers that a hook asks for, in which a placeholder stands for what only its Secret has. There is one at most. */
export const askedHeaders = (auth: Auth | undefined): readonly Header[] => {
  switch (auth?.form) {
    case 'bearer':
      return [{ name: 'Authorization', value: 'Bearer TOKEN' }]
    case 'basic':
      return [{ name: 'Authorization', value: 'Basic CREDENTIALS' }]
    case 'header':
      return [{ name: auth.header, value: 'SECRET' }]
    case 'hmac':
    case 'sns':
    case 'standardWebhooks':
    case undefined:
      return []
  }
}

/** The header `Authorization` that a hook asks for, with a placeholder. */
const authorizationOf = (auth: Auth | undefined): string | undefined =>
  askedHeaders(auth).find(({ name }) => name.toLowerCase() === 'authorization')?.value

/** What goes into the place of each placeholder; empty where there is none. Follows another sentence. */
export const placeholderNote = ({ auth, namespace }: SnippetHook, split = false): string => {
  switch (auth?.form) {
    case 'bearer':
      return note(['TOKEN'], readingSecret(namespace, auth.secret, auth.key), auth.secret)
    case 'basic': {
      const read = readingSecret(namespace, auth.secret, 'username', 'password')
      return split
        ? note(['USERNAME', 'PASSWORD'], read, auth.secret)
        : note(['CREDENTIALS'], `${read} | base64 | tr -d '\\n'`, auth.secret)
    }
    case 'header':
    case 'hmac':
    case 'standardWebhooks':
      return note(['SECRET'], readingSecret(namespace, auth.secret, auth.key), auth.secret)
    case 'sns':
    case undefined:
      return ''
  }
}

const note = (places: readonly string[], command: string, secret: string): string =>
  ` In the place of ${places.join(' and ')} goes what Secret/${plainText(secret)} has: \`${plainText(command)}\`.`
