/**
 * A message, and the command at its end. A view can show the command in a box from which a person
 * copies it.
 */
export interface MessageParts {
  /** The message without the command and the colon before it. The whole message if it has no command. */
  readonly text: string
  readonly command?: string
}

/**
 * Splits a message that ends with a kubectl command, such as `…: kubectl -n shop create …`. A
 * message without one is returned as `text` alone.
 */
export const messageParts = (message: string): MessageParts => {
  const [, text, command] = /^(.*?): (kubectl .*)$/s.exec(message) ?? []
  return text === undefined || command === undefined ? { text: message } : { text, command }
}

/**
 * Returns a message as a part of a longer text, with a full stop at its end. Backticks separate a
 * command in the message from the full stop.
 */
export const messageInText = (message: string): string => {
  const { command, text } = messageParts(message.replace(/\.$/, ''))
  return command === undefined ? `${text}.` : `${text}: \`${command}\`.`
}
