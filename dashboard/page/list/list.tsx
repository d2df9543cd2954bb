import { ActionButton } from '../parts/act.tsx'
import { computed, effect, signal, useComputed } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { onMedia } from '../browser.ts'
import { PageLink } from '../parts/links.tsx'
import { setQuery } from '../route.ts'
import { whyNot } from '../rights.ts'
import { StopButton } from '../stop.tsx'
import { needy, synced, total } from '../store.ts'
import { namespaceShown } from '../namespaces.ts'
import { focusRow, useKeptFocus } from './focus.ts'
import { BulkActions, Chips } from './chips.tsx'
import { GroupRow, HookRow } from './row.tsx'
import { needyWord, toggled, wordsIn, type SortBy } from './search.ts'
import { chooseAll, chosenRows, found, groupIn, lastVisited, searched, shown, sorting } from './shown.ts'
import { Empty } from './states.tsx'
import { drawnRows, edgesOf } from './window.ts'

const narrow = signal(false)
onMedia('(max-width: 720px)', matches => (narrow.value = matches))

/** Where the rows begin. The heights of the rows of hooks and of groups, in pixels, are also in style/list.css. */
const edges = computed(() => {
  const height = narrow.value ? 164 : 56
  return edgesOf(shown.value.map(key => (groupIn(key) === undefined ? height : 44)))
})

const scrolled = signal(0)
const height = signal(800)

// The hooks of another namespace are shown from the first.
effect(() => {
  void namespaceShown.value
  scrolled.value = 0
})

/**
 * The list of hooks of the shown namespace, or of all namespaces. It is updated as the hooks
 * change.
 */
export const HookList = () => {
  const box = useRef<HTMLDivElement>(null)
  const keys = shown.value
  const isEmpty = synced.value && total.value === 0
  useKeptFocus(box, keys)
  // Without hooks there is no table to measure. It appears with the first hook.
  useEffect(() => {
    const measured = box.current
    if (measured === null) return undefined
    measured.scrollTop = scrolled.peek()
    // There may be fewer hooks than before.
    scrolled.value = measured.scrollTop
    const measure = (): void => void (height.value = measured.clientHeight)
    const seen = new ResizeObserver(measure)
    seen.observe(measured)
    focusRow(box.current, lastVisited.peek())
    lastVisited.value = undefined
    return () => seen.disconnect()
  }, [isEmpty])
  const window = useComputed(() =>
    drawnRows({ scrolled: scrolled.value, height: height.value, edges: edges.value }),
  ).value
  if (isEmpty) return <Empty />
  return (
    <>
      <Tools toTop={() => box.current?.scrollTo(0, 0)} />
      {chosenRows.value.length > 0 ? <BulkActions rows={chosenRows.value} /> : <Chips />}
      <div
        class="scroll"
        ref={box}
        role="table"
        aria-label="Hooks"
        aria-rowcount={keys.length + 1}
        tabIndex={0}
        onScroll={event => (scrolled.value = event.currentTarget.scrollTop)}
      >
        <Head />
        <div role="rowgroup" style={{ height: `${edges.value.at(-1)}px`, paddingTop: `${window.above}px` }}>
          {keys.slice(window.first, window.end).map((id, index) => {
            const group = groupIn(id)
            const drawn = { id, index: window.first + index }
            return group === undefined ? (
              <HookRow key={id} {...drawn} />
            ) : (
              <GroupRow key={id} {...drawn} group={group} />
            )
          })}
        </div>
        {synced.value && keys.length === 0 && (
          <div class="nothing" role="row">
            <div role="cell">
              Nothing matches “{searched.value}”. <ActionButton onAct={() => setQuery({ q: '' })}>Clear</ActionButton>
            </div>
          </div>
        )}
      </div>
    </>
  )
}

const Tools = ({ toTop }: { toTop: () => void }) => {
  const namespace = namespaceShown.value
  const why = namespace === '' ? undefined : whyNot(namespace, 'create')
  const count = found.value.length === total.value ? `${total.value}` : `${found.value.length} of ${total.value}`
  const asks = wordsIn(searched.value).includes(needyWord)
  return (
    <div class="tools">
      <h1 tabIndex={-1}>Hooks</h1>
      <label class="find">
        <span class="unseen">Search hooks</span>
        <input
          id="search"
          type="search"
          placeholder="Search"
          autocomplete="off"
          spellcheck={false}
          value={searched.value}
          onInput={event => {
            setQuery({ q: event.currentTarget.value })
            toTop()
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <span class="said" role="status">
        {synced.value ? `${count} ${total.value === 1 ? 'hook' : 'hooks'}` : `${total.value} hooks so far …`}
        {needy.value > 0 && (
          <>
            {', '}
            <button
              type="button"
              class="link"
              aria-pressed={asks}
              onClick={() => setQuery({ q: toggled(searched.value, needyWord) })}
            >
              {needy.value} {needy.value === 1 ? 'needs' : 'need'} you
            </button>
          </>
        )}
      </span>
      <StopButton />
      {why === undefined ? (
        <PageLink class="button" to="/new">
          Add hook
        </PageLink>
      ) : (
        <span class="button" role="link" aria-disabled="true" tabIndex={0} title={why} aria-label={`Add hook: ${why}`}>
          Add hook
        </span>
      )}
    </div>
  )
}

const Head = () => (
  <div role="rowgroup" class="head">
    <div role="row" aria-rowindex={1}>
      <div role="columnheader" class="mark">
        <input
          type="checkbox"
          aria-label="Mark all hooks in the list"
          checked={found.value.length > 0 && chosenRows.value.length === found.value.length}
          onChange={({ currentTarget: { checked } }) => chooseAll(checked)}
        />
      </div>
      <Column by="name">Hook</Column>
      <div role="columnheader" class="does">
        Does
      </div>
      <Column by="target">Target</Column>
      <Column by="last">Last delivery</Column>
      <Column by="ready">Ready</Column>
      <div role="columnheader" class="acts">
        <span class="unseen">Actions</span>
      </div>
    </div>
  </div>
)

const Column = ({ by, children }: { by: SortBy; children: string }) => {
  const { by: sorted, descending } = sorting.value
  const here = sorted === by
  // The first click sorts the newest delivery to the top, because users look for that delivery.
  const first = by === 'last' ? '-' : ''
  const next = here ? (descending ? by : `-${by}`) : `${first}${by}`
  return (
    <div role="columnheader" class={by} aria-sort={here ? (descending ? 'descending' : 'ascending') : 'none'}>
      <button type="button" onClick={() => setQuery({ sort: next })}>
        {children}
      </button>
    </div>
  )
}

/**
 * Moves the focus to the next row or to the one before, and to the first if no row has it. The neighbours of a row
 * that has the focus are always drawn.
 */
export const moveInList = (step: number): void => {
  const box = document.querySelector<HTMLElement>('.scroll')
  const row = document.activeElement?.closest('.scroll .row')
  if (!row) box?.scrollTo(0, (scrolled.value = 0))
  requestAnimationFrame(() => {
    const next = row ? (step > 0 ? row.nextElementSibling : row.previousElementSibling) : box?.querySelector('.row')
    next?.querySelector('a')?.focus({ preventScroll: true })
    next?.scrollIntoView({ block: 'nearest' })
  })
}
