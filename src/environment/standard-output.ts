import { destination } from 'pino'

/**
 * Returns a function that writes lines to standard output. It writes all lines of one turn of the
 * event loop at once, because a write costs as much as the rest of a post's line. The write is
 * synchronous and also happens at exit, so that the last error is not lost.
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
