import type { Signal } from '@preact/signals'
import type { HookDetail } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { pathOf } from '../changes.ts'
import { readAfter, type Read } from './read-again.ts'

/** How often each signal was read into. */
const reads = new WeakMap<Signal<Read>, number>()

/** Reads a hook into a signal. If an earlier read is answered later, its answer is ignored. */
export const readInto = async (read: Signal<Read>, namespace: string, name: string): Promise<void> => {
  const number = (reads.get(read) ?? 0) + 1
  reads.set(read, number)
  const answer = await askServer<HookDetail>('GET', pathOf({ namespace, name }))
  if (reads.get(read) !== number) return
  read.value = readAfter(read.peek(), answer.ok ? { hook: answer.body } : { refusal: answer.refusal })
}
