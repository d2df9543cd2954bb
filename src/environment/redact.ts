/**
 * A stretch of text that may hold a compact JWS (RFC 7515, section 7.1). base64url needs no escaping in JSON, so a search
 * of a finished line finds a token wherever it is: in the message, in a nested field, in a key, in an error's stack.
 */
const stretch = /[\w.-]+/g

/** What every token of a JSON header begins with: `{"` in base64url. */
const beginning = 'eyJ'

/**
 * Replaces all that looks like a token by `[token]`: the last line of defence, not the first. Takes
 * linear time.
 */
export const redacted = (text: string): string => (text.includes(beginning) ? text.replaceAll(stretch, within) : text)

/** One expression for all three parts would begin again at each `eyJ`, and take quadratic time. */
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
