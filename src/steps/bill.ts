import type { ApiConnection } from '../environment/environment.ts'
import { metered } from '../kube/metered.ts'
import type { Waiting } from './claims.ts'

/** What the queue of a target makes the API server store, and who pays for it. */
export interface Bill {
  /** A connection whose writes are on the bill. */
  readonly api: ApiConnection
  /** Charges posts with what was written since the last time, in equal parts. */
  share(posts: readonly Waiting[]): void
}

export const billOf = (api: ApiConnection): Bill => {
  let written = 0
  return {
    api: metered(api, bytes => (written += bytes)),
    share: posts => {
      if (written === 0 || posts.length === 0) return
      for (const { context } of posts) context.charge(written / posts.length)
      written = 0
    },
  }
}
