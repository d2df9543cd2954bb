import type { SentAuth } from '../../src/api/auth.ts'
import { snippets } from './registry.ts'
import { plainText } from './quote.ts'
import type { Proves, Signature, Snippet, SnippetHook, SnippetText } from './snippet.ts'

/** The texts of a product for a hook, or why the product can never run it. */
export type WrittenSnippet = { readonly texts: readonly SnippetText[] } | { readonly refused: string }

export const snippetNamed = (name: string): Snippet | undefined => snippets.find(snippet => snippet.name === name)

/** Returns a product's configuration for a hook, or why the product can never run the hook. */
export const writeSnippet = (snippet: Snippet, hook: SnippetHook): WrittenSnippet => {
  const why = whyUnproved(snippet, hook.auth) ?? whyUnasked(snippet, hook)
  if (why !== undefined) return { refused: why }
  const reach = reachOf(hook.url)
  const texts = snippet.texts(hook)
  return {
    texts: reach === undefined ? texts : texts.map(text => ({ ...text, where: `${reach} ${text.where}` })),
  }
}

/** Returns a sentence about who reaches a URL, or undefined if its host may be reached from anywhere. */
const reachOf = (url: string): string | undefined => {
  const [, host = ''] = /^https?:\/\/(\[[^\]]*\]|[^/:]*)/.exec(url) ?? []
  const only = /^(localhost|127\.[\d.]+|\[::1\])$/.test(host)
    ? 'this machine reaches'
    : /\.svc(\.|$)/.test(host)
      ? 'pods of the cluster reach'
      : undefined
  return only && `Only ${only} ${host}: for a sender elsewhere, set the installation's --public-url.`
}

/** Returns why the hook would never act on the product's posts, or undefined if it would. */
const whyUnasked = ({ pushes, title }: Snippet, hook: SnippetHook): string | undefined =>
  hook.pushes === undefined || hook.pushes.restarts || pushes
    ? undefined
    : `this hook runs when an image was pushed, but ${title} names none: it would skip every post as NotForThisHook. Use something that reports pushes, such as a registry or a script; or a hook with the driver restart, which any post runs`

/** Returns why the product's posts would always get 401, or undefined if they would not. */
const whyUnproved = ({ proves, title }: Snippet, auth: SentAuth | undefined): string | undefined => {
  if (auth === undefined) return undefined
  const { form } = auth
  if (!proves.forms.includes(form)) return `${lacking(title, auth)} ${instead(proves)}`
  if (auth.form === 'oidc' && proves.isIssuer?.(auth.issuer) === false) {
    return `this hook expects tokens from ${plainText(auth.issuer)}, but that issuer gives ${title} none: change auth.oidc`
  }
  if (auth.form === 'header' && proves.reserved?.has(auth.header.toLowerCase())) {
    return `${title} doesn't let you set the header ${plainText(auth.header)}, which this hook asks for: name another in auth.header, or use auth.bearer or auth.basic`
  }
  if (auth.form !== 'hmac' || proves.signs === undefined) return undefined
  if (proves.signs.some(signature => isSigned(signature, auth))) return undefined
  const asked = plainText(`${auth.header}: ${auth.prefix}…`)
  const how = [...(auth.timestamp ? ['with a time'] : []), ...(auth.encoding === 'base64' ? ['in Base64'] : [])].join(
    ' ',
  )
  return `${title} signs with ${proves.signs.map(signatureText).join(' or ')}, but this hook asks for "${asked}"${how === '' ? '' : ` ${how}`}: change auth.hmac`
}

const lacking = (title: string, auth: SentAuth): string => {
  switch (auth.form) {
    case 'sns':
      return `this hook accepts only messages from one Amazon SNS topic (auth.sns), and ${title} posts none.`
    case 'hmac':
      return `this hook asks for a signature (auth.hmac), but ${title} makes none that it could check.`
    case 'standardWebhooks':
      return `this hook asks for a Standard Webhooks signature (auth.standardWebhooks), but ${title} makes none.`
    case 'oidc':
      return `this hook asks for a token from ${plainText(auth.issuer)} (auth.oidc), but ${title} sends none.`
    case 'header':
      return `this hook asks for the header ${plainText(auth.header)} (auth.header), but ${title} sends no such header.`
    case 'bearer':
    case 'basic':
      return `this hook asks for credentials (auth.${auth.form}), but ${title} sends none.`
  }
}

const instead = ({ forms }: Proves): string =>
  forms.length === 0
    ? 'Use a hook without auth, or with auth.path, whose URL is the only secret'
    : `Use a hook with ${forms.map(form => `auth.${form}`).join(' or ')}, or one without auth`

const isSigned = ({ header, prefix, timestamp }: Signature, asked: Extract<SentAuth, { form: 'hmac' }>): boolean =>
  (header === undefined || header.toLowerCase() === asked.header.toLowerCase()) &&
  (prefix === undefined || prefix === asked.prefix) &&
  asked.encoding !== 'base64' &&
  timestamp?.prefix === asked.timestamp?.prefix &&
  timestamp?.separator === asked.timestamp?.separator

const signatureText = ({ header = 'any header', prefix = '', timestamp }: Signature): string =>
  `"${header}: ${prefix}…"${timestamp === undefined ? '' : ' with a time'}`
