/**
 * A run of the characters of a compact JWS (RFC 7515, section 7.1). JSON does not escape these
 * characters. So a search of the finished log line finds every token: in the message, a field, a
 * key or a stack.
 */
const stretch = /[\w.-]+/g

/** The beginning of every token with a JSON header: `{"` in base64url. */
const beginning = 'eyJ'

/**
 * Replaces every text that looks like a token by `[token]`, as a last line of defence. Takes linear
 * time.
 */
export const redacted = (text: string): string => (text.includes(beginning) ? text.replaceAll(stretch, within) : text)

/**
 * Replaces the tokens in a match of {@link stretch}. One regular expression for all three parts of
 * a token would take quadratic time, because it would start again at each `eyJ`.
 */
const within = (text: string): string => {
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
