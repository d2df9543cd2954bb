import { computed, signal } from '@preact/signals'
import { rowSignal } from '../store.ts'
import { found } from './shown.ts'

/** The keys of the hooks that the user has marked. */
const marked = signal<ReadonlySet<string>>(new Set())

/** The marked hooks that are still there. */
export const chosenRows = computed(() => [...marked.value].flatMap(key => rowSignal(key)?.value ?? []))

export const isChosen = (key: string): boolean => marked.value.has(key)

export const choose = (key: string, isIn: boolean): void => {
  const keys = new Set(marked.value)
  if (isIn) keys.add(key)
  else keys.delete(key)
  marked.value = keys
}

/** Marks all hooks that the search finds, or none. */
export const chooseAll = (isIn: boolean): void => {
  marked.value = new Set(isIn ? found.peek().map(({ key }) => key) : [])
}
