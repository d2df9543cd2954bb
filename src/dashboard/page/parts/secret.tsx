import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Row } from '../../protocol.ts'
import { askURL, copyURL } from '../changes.ts'
import { whyNoURL } from '../rights.ts'
import { Act } from './act.tsx'

/** A hook's URL: hidden until somebody asks, copied without being shown. */
export const Secret = ({ row }: { row: Row }) => {
  const url = useSignal<string | undefined>(undefined)
  useEffect(() => {
    url.value = undefined
  }, [row.key, row.generation, row.url])
  const why = whyNoURL(row)
  const toggle = async (): Promise<void> => {
    url.value = url.value === undefined ? await askURL(row) : undefined
  }
  return (
    <div class="line secret">
      <span class="label">URL</span>
      <code class="url">{url.value ?? (row.url === 'none' ? 'none yet' : '••••••••••••••••')}</code>
      <Act why={why} onAct={() => void copyURL(row)}>
        Copy URL
      </Act>
      <Act why={why} onAct={() => void toggle()}>
        {url.value === undefined ? 'Show' : 'Hide'}
      </Act>
    </div>
  )
}
