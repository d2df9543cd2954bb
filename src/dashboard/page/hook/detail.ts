import type { Signal } from '@preact/signals'
import type { HookDetail, ServerRefusal } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { pathOf } from '../changes.ts'

/** A hook, or why it could not be read. Undefined before the answer. */
export type Read = { readonly hook: HookDetail } | { readonly refusal: ServerRefusal } | undefined

/** Reads a hook into a signal. */
export const readInto = async (read: Signal<Read>, namespace: string, name: string): Promise<void> => {
  const answer = await askServer<HookDetail>('GET', pathOf({ namespace, name }))
  read.value = answer.ok ? { hook: answer.body } : { refusal: answer.refusal }
}
