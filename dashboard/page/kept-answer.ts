import type { ServerAnswer } from '../protocol.ts'

/** Returns what is known after an answer. A failure takes nothing away, unless it says that the object is gone. */
export const keptAnswer = <T>(before: ServerAnswer<T> | undefined, answer: ServerAnswer<T>): ServerAnswer<T> =>
  before?.ok === true && !answer.ok && answer.refusal.reason !== 'NotFound' ? before : answer
