export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** A label in the middle of a sentence: an abbreviation at its start stays one. */
export const inSentence = (label: string): string =>
  /^[A-Z]{2}/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1)

/** A message as a sentence: it begins with a capital, unless its first word may be a name, and ends with a full stop. */
export const sentence = (text: string): string => {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  const begun = /^[a-z]+\s/.test(trimmed) ? capital(trimmed) : trimmed
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`
}

/** Several messages, each as a sentence. */
export const sentences = (...texts: readonly (string | undefined)[]): string =>
  texts
    .map(text => sentence(text ?? ''))
    .filter(text => text !== '')
    .join(' ')
