import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { HookDetail, ListedHook } from '../../protocol.ts'
import { askURL, confirming, copyURL } from '../changes.ts'
import { ActionButton } from '../parts/act.tsx'
import { When } from '../parts/status.tsx'
import { whyNot, whyNoURL } from '../rights.ts'
import { Worst } from '../words/prose.tsx'

/** The URL of a hook, until when it is accepted, and what its holder can do. */
export const URLCard = ({ hook, row }: { row: ListedHook; hook: HookDetail | undefined }) => (
  <section class="card" aria-label="Its URL">
    <HiddenURL row={row} />
    {row.url === 'named' && (
      <p>
        <ActionButton why={whyNot(row.namespace, 'patch')} onAct={() => (confirming.value = { what: 'rotate', row })}>
          End old URLs …
        </ActionButton>
      </p>
    )}
    {hook?.previousUntil !== undefined && (
      <p class="faint">
        The URL before the last rotation works until <When time={hook.previousUntil} />.
      </p>
    )}
    {hook?.expiresAt !== undefined && (
      <p class="faint">
        This URL expires on <When time={hook.expiresAt} />.
      </p>
    )}
    {hook !== undefined && <Worst isOpen={false} sentences={hook.worst} />}
  </section>
)

/**
 * A hook's URL, hidden until the user requests it, unless it has the hook's name and is no secret. It can be
 * copied without being shown.
 */
const HiddenURL = ({ row }: { row: ListedHook }) => {
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

/**
 * Returns the URL of a hook while the user wants to see it, and what shows or hides it. A URL that has the hook's
 * name is no secret: it is shown at once.
 */
export const useShownURL = (
  row: ListedHook,
): { readonly url: string | undefined; readonly toggle: () => Promise<void> } => {
  const url = useSignal<string | undefined>(undefined)
  useEffect(() => {
    url.value = undefined
    if (row.url !== 'named') return undefined
    let isOver = false
    void askURL(row).then(asked => void (isOver || (url.value = asked)))
    return () => void (isOver = true)
  }, [row.key, row.generation, row.url])
  const toggle = async (): Promise<void> => {
    url.value = url.value === undefined ? await askURL(row) : undefined
  }
  return { url: url.value, toggle }
}
