import type { SentAuth } from '../../src/api/auth.ts'
import { goText, plainText } from './quote.ts'
import { shellWord } from './shell-word.ts'
import type { Proves, SnippetHook, SnippetText } from './snippet.ts'

/**
 * The forms of `auth` for a product that can send the header `Authorization`, or a user and a
 * password.
 */
export const credentials: Proves = { forms: ['bearer', 'basic'] }

/** The forms of `auth` for a product that can send any header. */
export const anyHeader: Proves = { forms: ['bearer', 'basic', 'header'] }

/** The forms of `auth` for a product that can send only its own body: none. */
export const nothing: Proves = { forms: [] }

/** The forms of `auth` for a script: all but `oidc` and `sns`. */
export const anyProof: Proves = { forms: ['bearer', 'basic', 'header', 'hmac', 'standardWebhooks'] }

/** The issuer of GitHub Actions. An installation of GitHub Enterprise has its own. */
const githubIssuer = /^https:\/\/token\.actions\.|\/_services\/token$/
const googleIssuer = /^https:\/\/accounts\.google\.com$/

/** The forms of `auth` for GitHub Actions. Each job gets ID tokens. */
export const githubProof: Proves = { forms: [...anyProof.forms, 'oidc'], isIssuer: issuer => githubIssuer.test(issuer) }

/** The forms of `auth` for Google Pub/Sub, which signs as a service account. */
export const googleProof: Proves = { forms: ['oidc'], isIssuer: issuer => googleIssuer.test(issuer) }

/** The forms of `auth` for a product that gets ID tokens of its own installation. */
export const ownIssuer: Proves = {
  forms: [...anyProof.forms, 'oidc'],
  isIssuer: issuer => !githubIssuer.test(issuer) && !googleIssuer.test(issuer),
}

/** Returns a command that prints the values of some keys of a Secret, joined by `:`. */
export const readingSecret = (namespace: string, secret: string, ...keys: readonly string[]): string => {
  const template = keys.map(key => `{{index .data ${goText(key)} | base64decode}}`).join(':')
  return `kubectl -n ${shellWord(namespace)} get secret ${shellWord(secret)} -o go-template=${shellWord(template)}`
}

/** The URL of a hook whose token is in the header `Authorization`, and that token. */
export interface HeaderToken {
  /** The URL without the token, as in the hook's `status.endpoint`. */
  readonly endpoint: string
  readonly token: string
}

/**
 * Takes the token out of a hook's URL, for a product that hides the header `Authorization`. Returns
 * undefined if the URL has no token, or if `auth` needs that header; then the token stays in the
 * URL.
 */
export const headerTokenOf = ({
  auth,
  hasNamedURL,
  url,
}: Pick<SnippetHook, 'auth' | 'hasNamedURL' | 'url'>): HeaderToken | undefined => {
  if (hasNamedURL || authorizationOf(auth) !== undefined) return undefined
  const end = url.lastIndexOf('/')
  return { endpoint: url.slice(0, Math.max(0, end)), token: url.slice(end + 1) }
}

/**
 * Returns a text with the hook's own token, for a product that cannot read the cluster's Secrets.
 * Returns none if a Secret has the token, or if the URL has it.
 */
export const tokenText = (hook: SnippetHook, where: string): readonly SnippetText[] => {
  const header = headerTokenOf(hook)
  return header === undefined || hook.secretName !== undefined
    ? []
    : [{ where, language: 'text', text: `${header.token}\n` }]
}

/**
 * Returns the URL and the headers of a post, for a product that hides the values of all headers.
 * The hook's token is in the header `Authorization`, unless `auth` needs that header.
 */
export const hiddenHeaders = (hook: SnippetHook): { readonly url: string; readonly headers: readonly Header[] } => {
  const token = headerTokenOf(hook)
  const asked = askedHeaders(hook.auth)
  return token === undefined
    ? { url: hook.url, headers: asked }
    : { url: token.endpoint, headers: [{ name: 'Authorization', value: `Bearer ${token.token}` }, ...asked] }
}

/**
 * Returns the URL of a post and the header `Authorization`, the only one that the product hides.
 * The hook's token is in this header, unless `auth` needs it.
 */
export const hiddenToken = (
  hook: Pick<SnippetHook, 'auth' | 'hasNamedURL' | 'url'>,
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

/**
 * Returns the header that a hook asks for, if any. A placeholder stands for the value from its
 * Secret.
 */
export const askedHeaders = (auth: SentAuth | undefined): readonly Header[] => {
  switch (auth?.form) {
    case 'bearer':
      return [{ name: 'Authorization', value: 'Bearer TOKEN' }]
    case 'oidc':
      return [{ name: 'Authorization', value: 'Bearer ID_TOKEN' }]
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

/** Returns the header `Authorization` that a hook asks for, with a placeholder. */
const authorizationOf = (auth: SentAuth | undefined): string | undefined =>
  askedHeaders(auth).find(({ name }) => name.toLowerCase() === 'authorization')?.value

/**
 * Returns the variables for what a hook asks of a script. Each has the Secret and the key of its value.
 */
export const secretsOf = (
  auth: SentAuth | undefined,
): readonly { readonly variable: string; readonly secret: string; readonly key: string }[] => {
  switch (auth?.form) {
    case 'bearer':
      return [{ variable: 'TOKEN', secret: auth.secret, key: auth.key }]
    case 'basic':
      return [
        { variable: 'USERNAME', secret: auth.secret, key: 'username' },
        { variable: 'PASSWORD', secret: auth.secret, key: 'password' },
      ]
    case 'header':
    case 'hmac':
    case 'standardWebhooks':
      return [{ variable: 'SECRET', secret: auth.secret, key: auth.key }]
    case 'oidc':
    case 'sns':
    case undefined:
      return []
  }
}

/**
 * Returns a note on what to put in place of each placeholder, or an empty text. The note begins
 * with a blank, because it follows another sentence. `split`: the user's name and the password have
 * two placeholders.
 */
export const placeholderNote = ({ auth, namespace }: SnippetHook, split = false): string => {
  if (auth?.form !== 'basic') {
    return secretsOf(auth)
      .map(({ key, secret, variable }) => note(variable, readingSecret(namespace, secret, key), secret))
      .join('')
  }
  const read = readingSecret(namespace, auth.secret, 'username', 'password')
  return split
    ? note('USERNAME and PASSWORD', read, auth.secret)
    : note('CREDENTIALS', `${read} | base64 | tr -d '\\n'`, auth.secret)
}

const note = (places: string, command: string, secret: string): string =>
  ` Replace ${places} with what Secret/${plainText(secret)} has: \`${plainText(command)}\`.`
