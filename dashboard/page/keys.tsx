import { Fragment } from 'preact'
import { ActionButton } from './parts/act.tsx'
import { pageURL } from '../../src/api/site.ts'
import { documentSays, element, onKey } from './browser.ts'
import { confirming, copyURL } from './changes.ts'
import { moveInMenu, openMenu } from './list/row.tsx'
import { moveInList } from './list/list.tsx'
import { needyWord } from './list/search.ts'
import { Dialog } from './parts/dialog.tsx'
import { goto, here, listHref, type PagePlace } from './route.ts'
import { me } from './session.ts'
import { rowNow } from './store.ts'
import { keysShown } from './top.tsx'

const keys: readonly (readonly [key: string, does: string])[] = [
  ['/', 'search'],
  ['j k, arrows', 'next and previous hook'],
  ['Enter', 'open the hook'],
  ['n', 'new hook'],
  ['c', "copy the hook's URL"],
  ['Esc', 'back, or close what is open'],
  ['?', 'this list'],
]

export const KeysDialog = () => (
  <Dialog title="Help" onClose={() => (keysShown.value = false)}>
    <p>
      A hook's bar shows its target's count: ready replicas in full colour, wanted ones pale. The tick is the minimum,
      and the right end is the maximum.
    </p>
    <p>
      Search finds each word in names, targets, senders and reasons. <code>{needyWord}</code> finds the hooks that need
      attention.
    </p>
    <p>
      <code>is:ready</code>, <code>is:suspended</code>, <code>is:leased</code> and <code>driver:scale</code> narrow it.
    </p>
    <p>
      <a href={pageURL('docs/README.md')} target="_blank" rel="noreferrer">
        Documentation
      </a>
      {', '}
      <a href={pageURL('docs/how-to/why-did-my-hook-not-fire.md')} target="_blank" rel="noreferrer">
        Why did my hook not fire?
      </a>
      {` This is version ${documentSays('version')}.`}
    </p>
    <h3>Keys</h3>
    <dl>
      {keys.map(([key, does]) => (
        <Fragment key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
        </Fragment>
      ))}
    </dl>
    <ActionButton onAct={() => (keysShown.value = false)}>Close</ActionButton>
  </Dialog>
)

const isTyping = (target: EventTarget | null): target is HTMLElement =>
  target instanceof HTMLElement && target.matches('input:not([type=checkbox], [type=radio]), textarea, select')

/**
 * Returns the key of the hook to which a keyboard shortcut applies: the hook of the shown page, or
 * else the focused row. Returns undefined if there is none.
 */
const hookInHand = (): string | undefined => {
  const place = here.peek()
  if (place.at === 'hook') return `${place.namespace}/${place.name}`
  return document.activeElement?.closest<HTMLElement>('[data-key]')?.dataset['key']
}

/**
 * Returns whether a key does something at a place. A form has only the help, so that no key leaves
 * it. Outside the list, the arrows scroll and choose as in every page.
 */
const isFor = (at: PagePlace['at'], key: string): boolean =>
  at === 'list' || (at === 'new' || at === 'edit' ? '?' : '?/nc').includes(key)

/** Handles the page's keyboard shortcuts. */
export const listenToKeys = (): (() => void) =>
  onKey(event => {
    if (event.isComposing || event.metaKey || event.ctrlKey || event.altKey || me.peek() === undefined) return
    if (event.key === 'Escape') return escape(event)
    if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return
    const run = actions[event.key]
    if (run === undefined || !isFor(here.peek().at, event.key)) return
    event.preventDefault()
    run()
  })

const actions: Readonly<Record<string, () => void>> = {
  '/': () => {
    // Focuses the search immediately, because the user may type its first letter next. Without the
    // focus, `n` would open a form.
    if (here.peek().at === 'list') return element('search')?.focus()
    goto('/')
    requestAnimationFrame(() => element('search')?.focus())
  },
  '?': () => void (keysShown.value = true),
  n: () => goto('/new'),
  c: () => {
    const row = rowNow(hookInHand() ?? '')
    if (row !== undefined) void copyURL(row)
  },
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
}

const move = (step: number): void => (openMenu.peek() === undefined ? moveInList : moveInMenu)(step)

const escape = (event: KeyboardEvent): void => {
  if (openMenu.peek() !== undefined || confirming.peek() !== undefined) return
  if (document.querySelector('dialog[open]') !== null) return
  const { target } = event
  if (isTyping(target)) return target.blur()
  const { at } = here.peek()
  if (at === 'hook' || at === 'target' || at === 'health' || at === 'me') goto(listHref())
}
