import { whoseCount, type LastWord } from '../../src/api/mark.ts'

/** What a hook has changed in a count, as its record or its status says it. Times are in milliseconds since the epoch. */
export interface HookPart {
  readonly hook: string
  readonly by: number
  /** When the first of its steps was decided. */
  readonly at: number
  /** When it ends by itself. Absent if only the end of its alerts takes it back. */
  readonly until?: number | undefined
  /** Who asked for it, such as `alertmanager: WebBusy`. */
  readonly of?: string | undefined
  /** Since which version of the object only hooks had written the count. Absent if that is not known. */
  readonly since?: string | undefined
  readonly state?: 'held' | 'overdue' | 'overruled' | undefined
  /** Why it is overdue. */
  readonly why?: string | undefined
}

/** A write that a hook has claimed, and that is not known to be made. */
export interface HookClaim {
  readonly hook: string
  readonly by: number
  readonly at: number
  /** The version of the object that the write replaces. */
  readonly version: string
  /** True if the write may be made at any moment. False if nobody can know whether it was made. */
  readonly isPending: boolean
}

/** A version of a count. */
export interface CountSeen {
  readonly count: number
  readonly resourceVersion: string
  /** What somebody else has last said of the count. Absent if somebody else wrote it last. */
  readonly lastWord?: LastWord | undefined
}

/** Why a count is what it is: `count` is `base`, `good` and the sum of `open`. */
export interface Account {
  readonly count: number
  /** What somebody else has last set the count to. */
  readonly base: number
  /** What hooks have changed since, and nothing takes back. */
  readonly good: number
  readonly open: readonly HookPart[]
  /** Parts that somebody else's word has ended. Nothing takes them back. */
  readonly ended: readonly HookPart[]
  readonly claims: readonly HookClaim[]
}

/** Returns why a count is what it is, or `outdated` if the count and what hooks say are of different moments. */
export const accountOf = (
  seen: CountSeen,
  parts: readonly HookPart[],
  claims: readonly HookClaim[],
): Account | 'outdated' => {
  const { count, lastWord, resourceVersion } = seen
  const whose = parts.map(({ since }) => (since === undefined ? lastWriterOf(seen) : whoseCount(since, seen)))
  if (whose.includes('outdated')) return 'outdated'
  if (claims.some(({ isPending, version }) => isPending && version !== resourceVersion)) return 'outdated'
  const open = parts.filter((_, index) => whose[index] === 'ours')
  const base = lastWord?.word ?? count
  return {
    count,
    base,
    good: count - base - sumOf(open),
    open,
    ended: parts.filter((_, index) => whose[index] === 'theirs'),
    claims,
  }
}

/** Returns whose a count is for a part that does not say since when. */
const lastWriterOf = ({ lastWord }: CountSeen): 'ours' | 'theirs' => (lastWord ? 'ours' : 'theirs')

export const sumOf = (changes: readonly { readonly by: number }[]): number =>
  changes.reduce((sum, { by }) => sum + by, 0)
