import { signal } from '@preact/signals'
import { useLayoutEffect } from 'preact/hooks'
import type { ListedHook } from '../../protocol.ts'
import { element } from '../browser.ts'
import { confirming, copyURL, setSuspended } from '../changes.ts'
import { ActionButton } from '../parts/act.tsx'
import { CountBar } from '../parts/bar.tsx'
import { Spark } from '../parts/spark.tsx'
import { Ago, Ready, ShortOutcome } from '../parts/status.tsx'
import { whyNot, whyNoURL } from '../rights.ts'
import { namespaceShown } from '../namespaces.ts'
import { ObjectLink, PageLink } from '../parts/links.tsx'
import { cloneHref, editHref, goto, hookHref } from '../route.ts'
import { rowSignal } from '../store.ts'
import { choose, groups, isChosen } from './shown.ts'

/** The key of the hook whose menu is open. */
export const openMenu = signal<string | undefined>(undefined)

const closeMenu = (): void => element('menu')?.hidePopover()

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
              <ShortOutcome delivery={row.last} target={row.target} />
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
        <More row={row} />
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

const More = ({ row: { key, name, uid } }: { row: ListedHook }) => {
  // The menu goes with its row. Other effects end late, when the menu may be open again.
  useLayoutEffect(() => () => void (openMenu.peek() === key && closeMenu()), [key, uid])
  return (
    <button
      type="button"
      class="quiet more"
      popovertarget="menu"
      aria-expanded={openMenu.value === key}
      aria-label={`More for ${name}`}
      onClick={() => (openMenu.value = key)}
    >
      ⋯
    </button>
  )
}

/** The menu of all rows. The browser places it at the button that opens it, and gives the focus back to that button. */
export const Menu = () => {
  const row = rowSignal(openMenu.value ?? '')?.value
  return (
    <div
      id="menu"
      class="items"
      popover="auto"
      role="group"
      aria-label={`More for ${row?.name}`}
      onToggle={({ currentTarget, newState }) => {
        if (newState === 'open') currentTarget.querySelector('button')?.focus()
        else openMenu.value = undefined
      }}
      onFocusOut={({ currentTarget, relatedTarget: next }) => {
        if (!(next instanceof Element) || currentTarget.contains(next)) return
        if (next.closest<HTMLElement>('[data-key]')?.dataset['key'] !== row?.key) closeMenu()
      }}
    >
      {row !== undefined && <MenuItems row={row} />}
    </div>
  )
}

const MenuItems = ({ row }: { row: ListedHook }) => {
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
    <>
      {item('Dry run', 'run', () => (confirming.value = { what: 'dry run', row }))}
      {item('Run', 'run', () => (confirming.value = { what: 'run', row }))}
      {item('Clone', 'create', () => goto(cloneHref(row.key)))}
      {item('Edit', 'update', () => goto(editHref(row.key)))}
      {item(row.suspended ? 'Resume' : 'Suspend', 'patch', () => void setSuspended(row, !row.suspended))}
      {item('Rotate', 'patch', () => (confirming.value = { what: 'rotate', row }))}
      {item('Delete', 'delete', () => (confirming.value = { what: 'many', change: 'delete', rows: [row] }))}
    </>
  )
}
