import type { OpenAct } from '../api/record.ts'
import type { ActedRow } from '../api/row.ts'
import { withRow, type Update } from './rows.ts'
import { momentOf, type Memory } from './memory.ts'

/** How long an act that nobody has finished is remembered, in milliseconds, and how many of a hook at most. */
const rememberedMs = 24 * 3_600_000
const mostActs = 256

/** Finds the act that was begun for a delivery and is not known to be done. */
export const openAct = ({ acts = [] }: Memory, key: string): OpenAct | undefined => acts.find(act => act.key === key)

/** An act is begun, in place of an earlier one for a delivery of the same key. */
export const begun =
  (act: OpenAct): Update =>
  memory => {
    const others = (memory.acts ?? []).filter(({ at, key }) => key !== act.key && Math.abs(act.at - at) < rememberedMs)
    return { ...memory, acts: [...others.slice(Math.max(0, others.length + 1 - mostActs)), act] }
  }

/** An act is done. `summary` says what was done; `ran` that it changed something. A later act for the same key stays. */
export const acted =
  (act: OpenAct, summary: string, ran: boolean): Update =>
  memory => {
    const next = withoutAct(act)(memory)
    const row: ActedRow = { state: 'acted', key: act.key, ...momentOf(act), summary }
    const isOutdated = openAct(next, act.key) !== undefined
    const remembered = isOutdated ? next : withRow(row)(next)
    return ran ? { ...remembered, ranAt: Math.max(memory.ranAt ?? -Infinity, act.at) } : remembered
  }

/** Nothing came of an act, and it may be begun anew. */
export const withoutAct =
  ({ id }: Pick<OpenAct, 'id'>): Update =>
  memory =>
    memory.acts?.some(act => act.id === id) ? { ...memory, acts: memory.acts.filter(act => act.id !== id) } : memory

/** A hook has run by whatever was begun, though nobody knows how far it came. */
export const ranByActs = (memory: Memory): Memory => {
  const times = (memory.acts ?? []).map(({ at }) => at)
  return times.length === 0 ? memory : { ...memory, ranAt: Math.max(memory.ranAt ?? -Infinity, ...times) }
}
