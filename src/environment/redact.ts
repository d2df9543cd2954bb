/**
 * A run of the characters of a compact JWS (RFC 7515, section 7.1). JSON does not escape these
 * characters. So a search of the finished log line finds every token: in the message, a field, a
 * key or a stack.
 */
const stretch = /[\w.-]+/g

/** The beginning of every token with a JSON header: `{"` in base64url. */
const beginning = 'eyJ'

/** The path of a hook, with what follows the name: the secret of `auth.path`. */
const pathSecret = /(\/v1\/hooks\/[a-z0-9-]+\/[a-z0-9.-]+\/)[A-Za-z0-9_-]{32,}/g

/**
 * Replaces every text that looks like a token by `[token]`, and every secret in the path of a hook
 * by `[secret]`, as a last line of defence. A proxy may have put the path into a header, which an
 * error may quote. Takes linear time.
 */
export const redacted = (text: string): string => {
  const tokenless = text.includes(beginning) ? text.replaceAll(stretch, withoutTokens) : text
  return tokenless.includes('/v1/hooks/') ? tokenless.replaceAll(pathSecret, '$1[secret]') : tokenless
}

/**
 * Replaces the tokens in a match of {@link stretch}. One regular expression for all three parts of
 * a token would take quadratic time, because it would start again at each `eyJ`.
 */
const withoutTokens = (text: string): string => {
  if (!text.includes(beginning)) return text
  const parts = text.split('.')
  const kept: string[] = []
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? ''
    const at = part.indexOf(beginning)
    const isToken = at >= 0 && (parts[index + 2] ?? '') !== ''
    kept.push(isToken ? `${part.slice(0, at)}[token]` : part)
    if (isToken) index += 2
  }
  return kept.join('.')
}
