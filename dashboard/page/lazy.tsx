import { ActionButton } from './parts/act.tsx'
import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { after, address } from './browser.ts'

/**
 * Returns a component that is loaded when it is first shown, or when `preload` is called. It shows
 * nothing until it is loaded.
 */
export const lazy = <P extends object>(
  load: () => Promise<ComponentType<P>>,
): ComponentType<P> & { readonly preload: () => void } => {
  const loaded = signal<ComponentType<P> | 'failed' | undefined>(undefined)
  let asked = false
  const preload = (): void => {
    if (asked) return
    asked = true
    load().then(
      component => (loaded.value = component),
      () => (loaded.value = 'failed'),
    )
  }
  const Lazy: ComponentType<P> = props => {
    preload()
    const Loaded = loaded.value
    if (Loaded === 'failed') return <Failed />
    return Loaded === undefined ? null : <Loaded {...props} />
  }
  return Object.assign(Lazy, { preload })
}

/**
 * Shown if a part cannot be loaded. After an update of the dashboard, the files of the older page
 * no longer exist.
 */
const Failed = () => (
  <div class="middle">
    <h1 tabIndex={-1}>Can't load this part of the page</h1>
    <p>The dashboard was updated, or can't be reached.</p>
    <ActionButton class="button" onAct={() => address.reload()}>
      Reload
    </ActionButton>
  </div>
)

/** How long the other parts of the page wait so that the list loads first, in milliseconds. */
const idleMs = 1_500

export const preloadLater = (parts: readonly { readonly preload: () => void }[]): void =>
  void after(idleMs, () => parts.forEach(({ preload }) => preload()))
