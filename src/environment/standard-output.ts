import { destination } from 'pino'

/**
 * Returns a function that writes lines to standard output. It writes all lines of one turn of the
 * event loop at once, because one write costs as much as all other work for a line. The write is
 * synchronous. It also happens at exit, so that the last error is not lost.
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
