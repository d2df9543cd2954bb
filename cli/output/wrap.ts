import { messageParts } from '../../src/api/command-in.ts'

/**
 * Wraps a message that does not fit into `width` columns. A command at the end of such a message
 * gets a line of its own. That line is not wrapped, so that the user can copy it.
 */
export const messageLines = (message: string, width: number | undefined): readonly string[] => {
  if (width === undefined || message.length <= width) return [message]
  const { command, text } = messageParts(message)
  return command === undefined ? wrapped(text, width) : [...wrapped(`${text}:`, width), command]
}

/**
 * Wraps a text at blanks, to lines of at most `width` characters. If `width` is undefined, the text
 * stays one line.
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
