import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ServerAnswer } from '../protocol.ts'
import { askServer } from './ask.ts'
import { keptAnswer } from './kept-answer.ts'

/** What was read of the server. Undefined before the first answer. */
export type AnswerRead<T> = Signal<ServerAnswer<T> | undefined>

/**
 * Reads a path of the server, and again when `again` changes. Without a path nothing is read. An answer
 * that comes too late is ignored.
 */
export const useAnswer = <T>(path: string | undefined, again?: unknown): AnswerRead<T> => {
  const read = useSignal<ServerAnswer<T> | undefined>(undefined)
  useEffect(() => void (read.value = undefined), [path])
  useEffect(() => {
    if (path === undefined) return undefined
    let isOver = false
    void askServer<T>('GET', path).then(answer => {
      if (!isOver) read.value = keptAnswer(read.peek(), answer)
    })
    return () => void (isOver = true)
  }, [path, again])
  return read
}

/** Returns the body of a successful answer. Undefined before it, and if it was refused. */
export const bodyOf = <T>(read: AnswerRead<T>): T | undefined => (read.value?.ok === true ? read.value.body : undefined)

/** Returns why nothing could be read. Undefined before the answer. */
export const refusalIn = <T>(read: AnswerRead<T>): string | undefined =>
  read.value?.ok === false ? read.value.refusal.message : undefined
