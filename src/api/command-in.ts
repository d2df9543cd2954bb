/** A message, and the command that it ends with, for those who show them apart: a command is copied, and run. */
export interface MessageParts {
  /** Ends with no colon. */
  readonly text: string
  readonly command?: string
}

/** Takes apart a message that ends with a command of kubectl, as `…: kubectl -n shop create …`. */
export const messageParts = (message: string): MessageParts => {
  const [, text, command] = /^(.*?): (kubectl .*)$/s.exec(message) ?? []
  return text === undefined || command === undefined ? { text: message } : { text, command }
}

/** A message in the middle of a text: its command stands between backticks, so that no full stop becomes a part of it. */
export const messageInText = (message: string): string => {
  const { command, text } = messageParts(message.replace(/\.$/, ''))
  return command === undefined ? `${text}.` : `${text}: \`${command}\`.`
}
