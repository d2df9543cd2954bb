import { useLayoutEffect } from 'preact/hooks'
import { focusHeading, rescueFocus } from '../browser.ts'

/** Focuses the link of a row, if the row is drawn. */
export const focusRow = (box: HTMLElement | null, key: string | undefined): void => {
  if (key !== undefined) box?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"] a`)?.focus()
}

/**
 * Keeps the focus in the list when the list is drawn again: a browser drops the focus of an element that
 * moves or goes. `keys` are the keys of the hooks that are shown then.
 */
export const useKeptFocus = (box: { readonly current: HTMLElement | null }, keys: readonly string[]): void => {
  // This is read before the list is drawn, and the effect runs immediately after that.
  const { activeElement } = document
  const focused =
    activeElement instanceof HTMLElement && box.current?.contains(activeElement) ? activeElement : undefined
  const row = focused?.closest<HTMLElement>('[data-key]')
  const index = Number(row?.getAttribute('aria-rowindex')) - 2
  useLayoutEffect(() => {
    if (focused === undefined || document.activeElement !== document.body) return
    // A row that moves takes the focus along. A row that was scrolled away leaves the focus to the list.
    if (focused.isConnected) focused.focus({ preventScroll: true })
    else if (keys.includes(row?.dataset['key'] ?? '')) box.current?.focus({ preventScroll: true })
    else focusRow(box.current, keys[Math.min(index, keys.length - 1)])
    if (document.activeElement === document.body) focusHeading()
  })
}

/** Keeps the focus near an element: on it if what has the focus next to it goes, and on the heading if all goes. */
export const useFocusNear = (near: { readonly current: HTMLElement | null }): void => {
  const hadFocus = near.current?.parentElement?.contains(document.activeElement) === true
  useLayoutEffect(() => {
    if (hadFocus) rescueFocus(near)
  })
}
