import type { ListedHook } from '../../protocol.ts'
import { countOf, uncounted } from '../store.ts'

/**
 * Shows the target's count between the hook's bounds. The desired count is pale, the ready count is
 * solid, and the minimum is a mark.
 */
export const CountBar = ({ row }: { row: ListedHook }) => {
  const { last, max, namespace, target = '' } = row
  const count = countOf(`${namespace}/${target}`).value
  // A hook that only scales down may have no upper bound.
  if (max === undefined && row.min === undefined) return null
  const min = row.min ?? 0
  const bounds = max === undefined ? `≥ ${min}` : `${min}–${max}`
  const unknown = uncounted.value.get(target.split('/', 1)[0] ?? '')
  const value = count?.replicas ?? last?.to
  if (value === undefined) {
    return (
      <span class="count">
        <span class="faint" title={unknown}>
          {unknown === undefined ? '–' : 'count not visible'}
        </span>
        <span class="bounds">{bounds}</span>
      </span>
    )
  }
  const guessed = count === undefined
  const ready = count?.ready ?? value
  const share = (part: number, whole: number): string =>
    `${(100 * Math.max(0, Math.min(part, whole))) / Math.max(whole, 1)}%`
  const text = `${value}${max === undefined ? '' : ` of ${max}`}, at least ${min}${guessed ? ', after the last delivery' : ready === value ? '' : `, ${ready} ready`}`
  return (
    <span class={guessed ? 'count guessed' : 'count'} title={guessed ? (unknown ?? text) : text}>
      <span class="number">{value}</span>
      {max !== undefined && (
        <span
          class="track"
          role="meter"
          aria-label={`Replicas of ${target}`}
          aria-valuemin={0}
          aria-valuemax={max}
          aria-valuenow={Math.min(value, max)}
          aria-valuetext={text}
        >
          <span class="wanted" style={{ width: share(value, max) }} />
          <span class="ready" style={{ width: share(Math.min(ready, value), max) }} />
          <span class="least" style={{ left: share(min, max) }} />
        </span>
      )}
      <span class="bounds">{bounds}</span>
    </span>
  )
}
