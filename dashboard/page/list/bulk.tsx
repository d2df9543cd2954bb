import type { ListedHook } from '../../protocol.ts'
import { bulkChanges, confirming, type BulkChange } from '../changes.ts'
import { ActionButton } from '../parts/act.tsx'
import { whyNot } from '../rights.ts'
import { chooseAll } from './chosen.ts'

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
