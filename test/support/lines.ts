import type { WatchLine } from '../../src/environment/environment.ts'

/** Returns the lines of a watch of which none is too large to be read. */
export async function* wholeLines(watch: AsyncIterable<WatchLine>): AsyncGenerator<string> {
  for await (const line of watch) yield wholeLine(line)
}

/** Returns a line that is not too large to be read. */
const wholeLine = (line: WatchLine): string => {
  if (typeof line === 'string') return line
  throw new Error('a line of the watch is too large to be read')
}
