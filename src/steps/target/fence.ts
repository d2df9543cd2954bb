import type { ApiConnection } from '../../environment/environment.ts'
import type { Charge } from '../../kube/written.ts'
import type { Target, Version } from './target.ts'
import { readTarget } from './read.ts'
import { markedWrite } from './write.ts'

export type Fenced =
  /** No write from that version can be made any more. `isOurs`: none has been. */
  | { readonly fenced: 'yes'; readonly isOurs: boolean }
  /** The server will not have even that, or all fences stand there already. */
  | { readonly fenced: 'no' }
  | { readonly fenced: 'unknown'; readonly message: string; readonly retryAfterMs?: number }

/**
 * Makes sure that no write from a version can be made any more, by any process at any time. For that it writes from that version
 * itself: it leaves the count, and makes a new version of the target.
 */
export const fence = async (
  api: ApiConnection,
  target: Target,
  from: Pick<Version, 'uid' | 'resourceVersion'>,
  charge: Charge,
): Promise<Fenced> => {
  const found = await readTarget(api, target)
  if (found.state === 'blocked') return { fenced: 'no' }
  if (found.state === 'unreachable') return unknown(found)
  const { bytes, object, version } = found
  if (version.uid !== from.uid || version.resourceVersion !== from.resourceVersion) {
    return { fenced: 'yes', isOurs: false }
  }
  const made = target.at.fence(object)
  if (!made) return { fenced: 'no' }
  const written = await markedWrite(api, target, made.mark, version, made.to, { objectBytes: bytes, charge })
  switch (written.write) {
    case 'applied':
      // If not, its mark was there already, although the read did not show it.
      return written.version?.resourceVersion === version.resourceVersion
        ? { fenced: 'no' }
        : { fenced: 'yes', isOurs: true }
    case 'stale':
      return { fenced: 'yes', isOurs: false }
    case 'missing':
    case 'refused':
      return { fenced: 'no' }
    case 'not sent':
    case 'unknown':
      // Made again, it is from a newer version where this one was stored.
      return unknown(written)
  }
}

const unknown = ({ message, retryAfterMs }: { readonly message: string; readonly retryAfterMs?: number }): Fenced => ({
  fenced: 'unknown',
  message,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})
