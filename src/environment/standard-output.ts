import { destination } from 'pino'

/**
 * Writes lines to standard output, all those of one turn of the event loop at once: one write takes
 * as long as all else that the line of a post costs. The write is synchronous, and happens before
 * the process ends, so that the line that says why it died is there.
 */
export const standardOutput = (atExit: (run: () => void) => void): ((line: string) => void) => {
  const stream = destination({ dest: 1, sync: true })
  let lines = ''
  const flush = (): void => {
    const written = lines
    lines = ''
    if (written !== '') stream.write(written)
  }
  atExit(flush)
  return line => {
    if (lines === '') setImmediate(flush)
    lines += line
  }
}
