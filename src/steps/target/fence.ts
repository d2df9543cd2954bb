import type { ApiConnection } from '../../environment/environment.ts'
import type { Charge } from '../../kube/written.ts'
import type { Target, Version } from './target.ts'
import { readTarget } from './read.ts'
import { markedWrite } from './commit.ts'

export type Fenced =
  /**
   * No more writes from that version are possible. `isOurs`: the fence itself was stored, so none
   * was made.
   */
  | { readonly fenced: 'yes'; readonly isOurs: boolean }
  /**
   * There is no fence, so later writes from that version may be possible. The target cannot be used,
   * the server refuses the fence too, or the target has as many fences as allowed.
   */
  | { readonly fenced: 'no' }
  | { readonly fenced: 'unknown'; readonly message: string; readonly retryAfterMs?: number | undefined }

/**
 * Tries to make sure that no process can ever write from a version again. For this it writes from
 * that version itself. Its write keeps the count and makes a new version.
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
      // If the fence made no new version, its mark was there before, although the read did not show
      // it.
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
      // If this write was stored, a second attempt begins from a newer version.
      return unknown(written)
  }
}

const unknown = ({
  message,
  retryAfterMs,
}: {
  readonly message: string
  readonly retryAfterMs?: number | undefined
}): Fenced => ({
  fenced: 'unknown',
  message,
  retryAfterMs,
})
