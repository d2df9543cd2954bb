import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ListedHook } from '../../protocol.ts'
import { askURL } from '../changes.ts'

/**
 * Returns the URL of a hook while the user wants to see it, and what shows or hides it. A URL that has the hook's
 * name is no secret: it is shown at once.
 */
export const useShownURL = (
  row: ListedHook,
): { readonly url: string | undefined; readonly toggle: () => Promise<void> } => {
  const url = useSignal<string | undefined>(undefined)
  useEffect(() => {
    url.value = undefined
    if (row.url !== 'named') return undefined
    let isOver = false
    void askURL(row).then(asked => void (isOver || (url.value = asked)))
    return () => void (isOver = true)
  }, [row.key, row.generation, row.url])
  const toggle = async (): Promise<void> => {
    url.value = url.value === undefined ? await askURL(row) : undefined
  }
  return { url: url.value, toggle }
}
