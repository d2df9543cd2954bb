import { messageParts } from '../../api/command-in.ts'

/**
 * A message in lines for a terminal of `width` columns. The command that it ends with has a line of its own, which is never
 * broken: a terminal does that, and what is copied is one line.
 */
export const messageLines = (message: string, width: number | undefined): readonly string[] => {
  if (width === undefined || message.length <= width) return [message]
  const { command, text } = messageParts(message)
  return command === undefined ? wrapped(text, width) : [...wrapped(`${text}:`, width), command]
}

/** A text in lines of at most `width` characters, broken at blanks; one line where there is no width. */
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
