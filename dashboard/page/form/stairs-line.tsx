import { at } from '../../../src/api/json.ts'
import { stairs } from './stairs.ts'
import type { Value } from './value.ts'

/** Shows the counts that successive deliveries would lead to. */
export const Stairs = ({ from, spec }: { from: number | undefined; spec: Value }) => {
  const member = spec[String(spec['driver'])]
  const steps = stairs(member, from ?? Number(at(member, 'min') ?? 1))
  if (steps === undefined) return null
  const { counts, end } = steps
  const first = counts.slice(0, 6)
  const left = counts.length - first.length
  return (
    <p class="stairs">
      <span class="faint">{from === undefined ? 'For example: ' : `From ${from} now: `}</span>
      {first.join(' → ')}
      {left > 0 && ` → ${left > 1 ? '… → ' : ''}${counts.at(-1)}`}
      <span class="faint">, {end}</span>
    </p>
  )
}
