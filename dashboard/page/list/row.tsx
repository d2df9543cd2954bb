import { signal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { ListedHook } from '../../protocol.ts'
import { onElsewhere } from '../browser.ts'
import { confirming, copyURL, setSuspended } from '../changes.ts'
import { ActionButton } from '../parts/act.tsx'
import { CountBar } from '../parts/bar.tsx'
import { Spark } from '../parts/spark.tsx'
import { Ago, OutcomeText, Ready } from '../parts/status.tsx'
import { rightsIn, whyNot, whyNoURL } from '../rights.ts'
import { namespaceShown } from '../namespaces.ts'
import { ObjectLink, PageLink } from '../parts/links.tsx'
import { cloneHref, editHref, goto, hookHref } from '../route.ts'
import { rowSignal } from '../store.ts'
import { choose, groups, isChosen } from './shown.ts'

/** The key of the hook whose menu is open. */
export const openMenu = signal<string | undefined>(undefined)

/** Closes the menu and focuses its button. Otherwise the focus would go with the chosen item. */
export const closeMenu = (): void => {
  const key = openMenu.peek() ?? ''
  openMenu.value = undefined
  document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"] .more`)?.focus()
}

/** Moves the focus between the items of the open menu, around at its ends. */
export const moveInMenu = (step: number): void => {
  const items = [...document.querySelectorAll<HTMLElement>('.items button')]
  items.at((items.findIndex(item => item === document.activeElement) + step) % items.length)?.focus()
}

/** Keeps "by" and its number on one line. */
const unbroken = (does: string): string => does.replace(/\bby (?=\S)/, 'by\u00a0')

/** One hook: a table row, or a card of three lines on a narrow screen. */
export const HookRow = ({ id, index }: { id: string; index: number }) => {
  const row = rowSignal(id)?.value
  if (row === undefined) return null
  return (
    <div role="row" class={row.suspended ? 'row off' : 'row'} aria-rowindex={index + 2} data-key={row.key}>
      <div role="cell" class="mark">
        <input
          type="checkbox"
          aria-label={`Mark ${row.name}`}
          checked={isChosen(row.key)}
          onChange={({ currentTarget: { checked } }) => choose(row.key, checked)}
        />
      </div>
      <div role="rowheader" class="name">
        <PageLink to={hookHref(row.key)}>{row.name}</PageLink>
        {namespaceShown.value === '' && <small>{row.namespace}</small>}
      </div>
      <div role="cell" class="does" title={row.does}>
        {unbroken(row.does)}
      </div>
      <div role="cell" class="target">
        <ObjectLink namespace={row.namespace} target={row.target} />
        <CountBar row={row} />
      </div>
      <div role="cell" class="last">
        {row.last === undefined ? (
          <span class="faint">never</span>
        ) : (
          <>
            <Spark recent={row.recent} />
            <span class="said">
              <OutcomeText
                delivery={{ ...row.last, summary: row.last.summary?.replace(` ${row.target}`, '') }}
                isAlone
              />
              <small>
                {row.last.sender} <Ago time={row.last.time} />
              </small>
            </span>
          </>
        )}
      </div>
      <div role="cell" class="readiness">
        <Ready row={row} />
      </div>
      <div role="cell" class="acts">
        <ActionButton
          why={row.url === 'none' ? whyNoURL(row) : undefined}
          label={`Copy URL of ${row.name}`}
          onAct={() => void copyURL(row)}
        >
          Copy URL
        </ActionButton>
        <Menu row={row} />
      </div>
    </div>
  )
}

/** The row before the hooks that act on one object. */
export const GroupRow = ({ group, id, index }: { id: string; index: number; group: string }) => {
  const [namespace = '', ...object] = group.split('/')
  const target = object.join('/')
  const hooks = groups.value.get(group)?.length ?? 0
  return (
    <div role="row" class="row group" aria-rowindex={index + 2} data-key={id}>
      <div role="rowheader" class="name">
        <ObjectLink namespace={namespace} target={target} />
        {namespaceShown.value === '' && <small>{namespace}</small>}
      </div>
      <div role="cell" class="faint">
        {hooks === 1 ? 'one hook' : `${hooks} hooks`}
      </div>
    </div>
  )
}

const Menu = ({ row }: { row: ListedHook }) => {
  const open = openMenu.value === row.key
  return (
    <span class="menu">
      <button
        type="button"
        class="quiet more"
        aria-expanded={open}
        aria-label={`More for ${row.name}`}
        onClick={() => (openMenu.value = open ? undefined : row.key)}
      >
        ⋯
      </button>
      {open && <MenuItems row={row} />}
    </span>
  )
}

/**
 * Focuses the first item when the menu opens, and only then: the row is drawn again with each delivery.
 * Closes the menu when the user goes elsewhere, and when the row is no longer drawn.
 */
const useMenu = (key: string): { readonly current: HTMLDivElement | null } => {
  const items = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const leave = (): void => {
      if (openMenu.peek() === key) openMenu.value = undefined
    }
    const menu = items.current?.parentElement
    // In the last rows of a list there is more room above.
    const list = menu?.closest('.scroll, main')?.getBoundingClientRect()
    const button = menu?.getBoundingClientRect()
    if (items.current && list && button) {
      const [above, below] = [button.top - list.top, list.bottom - button.bottom]
      const isUp = items.current.offsetHeight > below && above > below
      items.current.classList.toggle('upwards', isUp)
      items.current.style.maxHeight = `${isUp ? above : below}px`
    }
    items.current?.querySelector<HTMLElement>('button')?.focus()
    const cancel = menu ? onElsewhere(menu, leave) : leave
    return () => {
      cancel()
      leave()
    }
  }, [key])
  return items
}

const MenuItems = ({ row }: { row: ListedHook }) => {
  const items = useMenu(row.key)
  void rightsIn(row.namespace).value
  const item = (label: string, right: 'run' | 'create' | 'update' | 'patch' | 'delete', run: () => void) => (
    <ActionButton
      class={right === 'delete' ? 'item danger' : 'item'}
      why={whyNot(row.namespace, right)}
      onAct={() => {
        closeMenu()
        run()
      }}
      label={`${label} ${row.name}`}
    >
      {label}
      {right === 'run' && ' …'}
    </ActionButton>
  )
  return (
    <div class="items" role="group" aria-label={`More for ${row.name}`} ref={items}>
      {item('Dry run', 'run', () => (confirming.value = { what: 'dry run', row }))}
      {item('Run', 'run', () => (confirming.value = { what: 'run', row }))}
      {item('Clone', 'create', () => goto(cloneHref(row.key)))}
      {item('Edit', 'update', () => goto(editHref(row.key)))}
      {item(row.suspended ? 'Resume' : 'Suspend', 'patch', () => void setSuspended(row, !row.suspended))}
      {item('Rotate', 'patch', () => (confirming.value = { what: 'rotate', row }))}
      {item('Delete', 'delete', () => (confirming.value = { what: 'many', change: 'delete', rows: [row] }))}
    </div>
  )
}
