import type { Signal } from '@preact/signals'
import type { HookDetail, Refusal } from '../../protocol.ts'
import { ask } from '../ask.ts'
import { pathOf } from '../changes.ts'

/** One hook as it was read, or why it could not be. */
export type Read = { readonly hook: HookDetail } | { readonly refusal: Refusal } | undefined

/** Reads a hook into a signal. */
export const readInto = async (read: Signal<Read>, namespace: string, name: string): Promise<void> => {
  const answer = await ask<HookDetail>('GET', pathOf({ namespace, name }))
  read.value = answer.ok ? { hook: answer.body } : { refusal: answer.refusal }
}
