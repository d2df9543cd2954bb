import { at } from '../api/json.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { ownersOf } from './evidence.ts'
import { readTarget, type Version } from './read.ts'
import type { Target } from './steps.ts'
import { markedWrite } from './write.ts'

/** How many fences a target has at most: each is an entry in its managedFields until its count changes. */
const mostFences = 8

const managers: readonly string[] = Array.from({ length: mostFences }, (_, i) => `receiver-hooks.fence.${i + 1}`)

export type Fenced =
  /** No write from that version can be made any more. `isOurs`: none has been. */
  | { readonly fenced: 'yes'; readonly isOurs: boolean }
  /** The server will not have even that, or all fences stand there already. */
  | { readonly fenced: 'no' }
  | { readonly fenced: 'unknown'; readonly message: string; readonly retryAfterMs?: number }

/**
 * Sees to it that no write from a version can be made any more, whoever sends it and whenever: by a write from that version
 * that leaves its count. One more owner of the count is a new version of the target; to apply what a field manager owns
 * already is none.
 */
export const fence = async (
  api: ApiConnection,
  target: Target,
  from: Pick<Version, 'uid' | 'resourceVersion'>,
): Promise<Fenced> => {
  const found = await readTarget(api, target)
  if (found.state === 'obstacle') return { fenced: 'no' }
  if (found.state === 'unreachable') return unknown(found)
  const { object, version } = found
  if (version.uid !== from.uid || version.resourceVersion !== from.resourceVersion) {
    return { fenced: 'yes', isOurs: false }
  }
  // A count that is not there may mean something else than 0.
  if (at(object, 'spec', 'replicas') === undefined) return { fenced: 'no' }
  const owners = ownersOf(object)
  const manager = managers.find(name => !owners.includes(name))
  if (manager === undefined) return { fenced: 'no' }
  const written = await markedWrite(api, target, manager, version, version.count)
  switch (written.write) {
    case 'applied':
      // Else it was owned already, whatever was read of its owners.
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
