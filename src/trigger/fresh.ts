/**
 * Reads things by their keys, so that no answer is older than the question and no key is read twice at a time: who asks
 * while a read is on its way shares the next one with all others who do.
 */
export const freshReads = <T>() => {
  const reads = new Map<string, Reading<T>>()

  const begin = (key: string, read: () => Promise<T>): Promise<T> => {
    const mine: Reading<T> = { running: read(), next: undefined }
    reads.set(key, mine)
    const ended = (): void => {
      if (reads.get(key) === mine && !mine.next) reads.delete(key)
    }
    mine.running.then(ended, ended)
    return mine.running
  }

  return (key: string, read: () => Promise<T>): Promise<T> => {
    const reading = reads.get(key)
    if (!reading) return begin(key, read)
    const another = (): Promise<T> => begin(key, read)
    reading.next ??= reading.running.then(another, another)
    return reading.next
  }
}

interface Reading<T> {
  readonly running: Promise<T>
  next: Promise<T> | undefined
}
