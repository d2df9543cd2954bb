import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ListedHook } from '../../protocol.ts'
import { askURL, copyURL } from '../changes.ts'
import { whyNoURL } from '../rights.ts'
import { ActionButton } from './act.tsx'

/**
 * A hook's URL, hidden until the user requests it, unless it has the hook's name and is no secret. It can be
 * copied without being shown.
 */
export const Secret = ({ row }: { row: ListedHook }) => {
  const url = useSignal<string | undefined>(undefined)
  const isSecret = row.url !== 'named'
  useEffect(() => {
    url.value = undefined
    if (!isSecret) void askURL(row).then(asked => (url.value = asked))
  }, [row.key, row.generation, row.url])
  const why = whyNoURL(row)
  const toggle = async (): Promise<void> => {
    url.value = url.value === undefined ? await askURL(row) : undefined
  }
  return (
    <div class="line secret">
      <span class="label">URL</span>
      <code class="url">{url.value ?? (row.url === 'none' ? 'none yet' : '••••••••••••••••')}</code>
      <ActionButton why={why} onAct={() => void copyURL(row)}>
        Copy URL
      </ActionButton>
      {isSecret && (
        <ActionButton why={why} onAct={() => void toggle()}>
          {url.value === undefined ? 'Show' : 'Hide'}
        </ActionButton>
      )}
    </div>
  )
}
