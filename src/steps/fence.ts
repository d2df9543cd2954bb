import type { ApiConnection } from '../environment/environment.ts'
import type { Version } from './read.ts'
import type { Obstacle, Target } from './steps.ts'
import { markedWrite } from './write.ts'

/**
 * How many field managers there are for fences. Each leaves an entry in the target's managedFields until its count
 * changes, and can move a version only once before that.
 */
const fences = 8

export type Fenced =
  /** No write from that version can be made any more. `isOurs`: none has been. */
  | { readonly fenced: 'yes'; readonly isOurs: boolean }
  /** The server will not have even that, or all fences stand there already. */
  | { readonly fenced: 'no'; readonly reason: Obstacle; readonly message: string }
  | { readonly fenced: 'unknown'; readonly message: string; readonly retryAfterMs?: number }

/**
 * Sees to it that no write from a version can be made any more, whoever sends it and whenever: by a write from that version
 * that leaves its count. A new field manager of the count is a new version of the target, and one that owns it already
 * is none.
 */
export const fence = async (api: ApiConnection, target: Target, version: Version): Promise<Fenced> => {
  for (let number = 1; number <= fences; number++) {
    const written = await markedWrite(api, target, `receiver-hooks.fence.${number}`, version, version.count)
    switch (written.write) {
      case 'applied':
        if (written.version?.resourceVersion !== version.resourceVersion) return { fenced: 'yes', isOurs: true }
        break
      case 'stale':
        return { fenced: 'yes', isOurs: false }
      case 'missing':
        return { fenced: 'no', reason: 'NotScalable', message: `${target.type.kind}/${target.name} has no /scale` }
      case 'refused':
        return { fenced: 'no', reason: written.reason, message: written.message }
      // Sent again, it is made once: where it was stored, that version is no more.
      case 'not sent':
      case 'unknown': {
        const { message } = written
        const retryAfterMs = 'retryAfterMs' in written ? written.retryAfterMs : undefined
        return { fenced: 'unknown', message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
      }
    }
  }
  return { fenced: 'no', reason: 'NotScalable', message: `${fences} fences stand there already` }
}
