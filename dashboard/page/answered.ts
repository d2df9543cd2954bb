import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ServerAnswer, ServerRefusal } from '../protocol.ts'
import { askServer } from './ask.ts'
import { after } from './browser.ts'
import { keptAnswer } from './reading.ts'

/** What was read of the server. Empty before the first answer. */
interface AnswerRead<T> {
  readonly body?: T
  readonly refusal?: ServerRefusal
}

/** How long after a failure something known is read again, in milliseconds. */
const retryMs = 2000

/**
 * Reads a path of the server, and again when `again` changes, or when such a read has failed and what was
 * known is kept. Without a path nothing is read. An answer that comes too late is ignored.
 */
export const useAnswer = <T>(path: string | undefined, again?: unknown): AnswerRead<T> => {
  const read = useSignal<ServerAnswer<T> | undefined>(undefined)
  useEffect(() => void (read.value = undefined), [path])
  useEffect(() => {
    if (path === undefined) return undefined
    let isOver = false
    const ask = async (): Promise<void> => {
      const answer = await askServer<T>('GET', path)
      if (isOver) return
      read.value = keptAnswer(read.peek(), answer)
      // What is kept is out of date.
      if (read.value !== answer) after(retryMs, () => void (isOver || ask()))
    }
    void ask()
    return () => void (isOver = true)
  }, [path, again])
  return read.value ?? {}
}
