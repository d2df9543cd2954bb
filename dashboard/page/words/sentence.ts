export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/**
 * Returns a label with a small first letter, for the middle of a sentence. An abbreviation at the
 * label's start keeps its capitals.
 */
export const inSentence = (label: string): string =>
  /^[A-Z]{2}/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1)

/**
 * Returns a message as a sentence with a full stop. It starts with a capital, unless its first word
 * may be a name.
 */
export const sentence = (text: string): string => {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  const begun = /^[a-z]+\s/.test(trimmed) ? capital(trimmed) : trimmed
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`
}

/** Returns several messages, each as a sentence. */
export const sentences = (...texts: readonly (string | undefined)[]): string =>
  texts
    .map(text => sentence(text ?? ''))
    .filter(text => text !== '')
    .join(' ')
