import type { ListedHook } from '../../protocol.ts'
import { copyURL } from '../changes.ts'
import { whyNoURL } from '../rights.ts'
import { ActionButton } from './act.tsx'
import { useShownURL } from './shown-url.ts'

/**
 * A hook's URL, hidden until the user requests it, unless it has the hook's name and is no secret. It can be
 * copied without being shown.
 */
export const Secret = ({ row }: { row: ListedHook }) => {
  const { toggle, url } = useShownURL(row)
  const why = whyNoURL(row)
  return (
    <div class="line secret">
      <span class="label">URL</span>
      <code class="url">{url ?? (row.url === 'none' ? 'none yet' : '••••••••••••••••')}</code>
      <ActionButton why={why} onAct={() => void copyURL(row)}>
        Copy URL
      </ActionButton>
      {row.url !== 'named' && (
        <ActionButton why={why} onAct={() => void toggle()}>
          {url === undefined ? 'Show' : 'Hide'}
        </ActionButton>
      )}
    </div>
  )
}
