import { messageParts } from '../../api/command-in.ts'

/**
 * Wraps a message for a terminal of `width` columns. A command at its end gets a line of its own,
 * which is not wrapped, so that it can be copied as one line.
 */
export const messageLines = (message: string, width: number | undefined): readonly string[] => {
  if (width === undefined || message.length <= width) return [message]
  const { command, text } = messageParts(message)
  return command === undefined ? wrapped(text, width) : [...wrapped(`${text}:`, width), command]
}

/**
 * Wraps a text at blanks, to lines of at most `width` characters. Without a width it is one line.
 */
export const wrapped = (text: string, width: number | undefined): readonly string[] => {
  if (width === undefined) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
