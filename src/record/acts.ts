import type { OpenAct } from '../api/record.ts'
import type { ChangeEvidence } from '../api/settlement.ts'
import type { MemoryDraft } from './draft.ts'
import { momentOf } from './memory.ts'

/** How long an act that nobody has finished is remembered, in milliseconds, and how many of a hook at most. */
const actKeptMs = 24 * 3_600_000
const maxActs = 256

/** Finds the act that was begun for a delivery and is not known to be done. */
export const openAct = ({ fields: { acts = [] } }: MemoryDraft, key: string): OpenAct | undefined =>
  acts.find(act => act.key === key)

/** Begins an act, in place of an earlier one for a delivery of the same key. */
export const begun = (draft: MemoryDraft, act: OpenAct): void => {
  const { acts = [] } = draft.fields
  const others = acts.filter(({ at, key }) => key !== act.key && Math.abs(act.at - at) < actKeptMs)
  draft.set({ acts: [...others.slice(Math.max(0, others.length + 1 - maxActs)), act] })
}

/** What an act has done. */
export interface ActDone {
  /** For people. */
  readonly summary: string
  /** Whether it changed something. */
  readonly ran: boolean
  /** Why it did nothing, where it did nothing. */
  readonly reason?: string | undefined
  /** What it has left, where its sender may ask for its outcome. */
  readonly evidence?: ChangeEvidence | undefined
}

/** Ends an act that is done. A later act for the same key stays. */
export const acted = (draft: MemoryDraft, act: OpenAct, { evidence, ran, reason, summary }: ActDone): void => {
  const { ranAt = -Infinity } = draft.fields
  withoutAct(draft, act)
  const isOutdated = openAct(draft, act.key) !== undefined
  if (!isOutdated) {
    draft.add({
      state: 'acted',
      key: act.key,
      ...momentOf(act),
      summary,
      ...(reason !== undefined && { reason }),
      ...evidence,
    })
  }
  if (ran) draft.set({ ranAt: Math.max(ranAt, act.at) })
}

/** Ends an act of which nothing came, so that it may be begun again. */
export const withoutAct = (draft: MemoryDraft, { id }: Pick<OpenAct, 'id'>): void => {
  const { acts = [] } = draft.fields
  if (acts.some(act => act.id === id)) draft.set({ acts: acts.filter(act => act.id !== id) })
}

/** Counts each act that was begun as a run of the hook: nobody knows how far it has come. */
export const ranByActs = (draft: MemoryDraft): void => {
  const { acts = [], ranAt = -Infinity } = draft.fields
  if (acts.length > 0) draft.set({ ranAt: Math.max(ranAt, ...acts.map(({ at }) => at)) })
}
