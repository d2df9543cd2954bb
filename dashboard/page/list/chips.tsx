import { useComputed } from '@preact/signals'
import type { ListedHook } from '../../protocol.ts'
import { bulkChanges, confirming, type BulkChange } from '../changes.ts'
import { ActionButton } from '../parts/act.tsx'
import { whyNot } from '../rights.ts'
import { setQuery } from '../route.ts'
import { all } from '../store.ts'
import { driverWord, stateWords, toggled, wordsIn } from './search.ts'
import { chooseAll, isGrouped, searched } from './shown.ts'

/** Buttons that narrow the list, and one that groups it. Each narrows by a word of the search. */
export const Chips = () => {
  const drivers = useComputed(() => [...new Set(all.value.map(({ driver }) => driver))].toSorted().join(' ')).value
  const words = wordsIn(searched.value)
  const chip = (word: string, title: string) => (
    <button
      key={word}
      type="button"
      class="chip"
      aria-pressed={words.includes(word)}
      onClick={() => setQuery({ q: toggled(searched.value, word) })}
    >
      {title}
    </button>
  )
  return (
    <div class="chips" role="group" aria-label="Narrow the list">
      {stateWords.map(([word, title]) => chip(word, title))}
      <span class="rule" />
      {drivers.split(' ').map(driver => chip(driverWord(driver), driver))}
      <span class="rule" />
      <button
        type="button"
        class="chip"
        aria-pressed={isGrouped.value}
        onClick={() => setQuery({ group: isGrouped.value ? '' : 'target' })}
      >
        Group by target
      </button>
    </div>
  )
}

/** What the user can do with all marked hooks. */
export const BulkActions = ({ rows }: { rows: readonly ListedHook[] }) => {
  const why = (change: BulkChange): string | undefined =>
    rows.map(({ namespace }) => whyNot(namespace, bulkChanges[change].right)).find(each => each !== undefined)
  const button = (change: BulkChange) => (
    <ActionButton
      class={change === 'delete' ? 'quiet danger' : 'quiet'}
      why={why(change)}
      onAct={() => (confirming.value = { what: 'many', change, rows })}
    >
      {bulkChanges[change].title} …
    </ActionButton>
  )
  return (
    <div class="chips" role="group" aria-label="Marked hooks">
      <span role="status">{rows.length} marked:</span>
      {button('suspend')}
      {button('resume')}
      {button('end')}
      {button('delete')}
      <ActionButton onAct={() => chooseAll(false)}>Mark none</ActionButton>
    </div>
  )
}
