/**
 * A message and the command at its end, for a view that shows the command in a box to be copied.
 */
export interface MessageParts {
  /** Does not end with a colon. */
  readonly text: string
  readonly command?: string
}

/** Splits a message that ends with a kubectl command, such as `…: kubectl -n shop create …`. */
export const messageParts = (message: string): MessageParts => {
  const [, text, command] = /^(.*?): (kubectl .*)$/s.exec(message) ?? []
  return text === undefined || command === undefined ? { text: message } : { text, command }
}

/**
 * Returns a message to be put into a longer text. Backticks around its command keep it apart from
 * the full stop.
 */
export const messageInText = (message: string): string => {
  const { command, text } = messageParts(message.replace(/\.$/, ''))
  return command === undefined ? `${text}.` : `${text}: \`${command}\`.`
}
