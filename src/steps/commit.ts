import type { Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { findEvidence } from './evidence.ts'
import type { Version } from './read.ts'
import type { Target } from './steps.ts'
import { markedWrite, type Written } from './write.ts'

/** The wait between two looks at a write that is in doubt, in milliseconds; it doubles up to the longest. */
const firstLookMs = 25
const longestLookMs = 400

/**
 * A marked write whose outcome is made certain: while it is in doubt, the evidence is looked at and the same request is
 * sent again. Only where the history is gone, or nobody waits any more (`goOn` says), is the outcome left unknown.
 */
export const commit = async (
  { api, clock }: Pick<Environment, 'api' | 'clock'>,
  target: Target,
  mark: string,
  from: Version,
  to: number,
  goOn: () => boolean,
): Promise<Written> => {
  let inDoubt = false
  for (let lookMs = firstLookMs; ; lookMs = Math.min(lookMs * 2, longestLookMs)) {
    const written = await markedWrite(api, target, mark, from, to)
    if (written.write === 'applied') return written
    inDoubt ||= written.write === 'unknown'
    if (!inDoubt) return written
    // From here on a conflict may be with the first of our own requests, so that nothing but the evidence counts.
    const found = await findEvidence(api, target, mark, from)
    switch (found.evidence) {
      case 'applied':
        return { write: 'applied', version: found.newest }
      case 'never':
        return { write: 'stale' }
      case 'history gone':
        return { write: 'unknown', message: 'the history that would tell has been compacted' }
      case 'not yet':
      case 'unreachable':
    }
    await wait(clock, lookMs)
    if (!goOn()) return { write: 'unknown', message: 'nobody waits for it any more' }
  }
}
