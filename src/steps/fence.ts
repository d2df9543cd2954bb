import { at } from '../api/json.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { ownersOf } from './evidence.ts'
import { readTarget, type Version } from './read.ts'
import type { Obstacle, Target } from './steps.ts'
import { markedWrite } from './write.ts'

/** How many fences a target has at most: each is an entry in its managedFields until its count changes. */
const mostFences = 8

const managers: readonly string[] = Array.from({ length: mostFences }, (_, i) => `receiver-hooks.fence.${i + 1}`)

export type Fenced =
  /** No write from that version can be made any more. `isOurs`: none has been. */
  | { readonly fenced: 'yes'; readonly isOurs: boolean }
  /** The server will not have even that, or all fences stand there already. */
  | { readonly fenced: 'no'; readonly reason: Obstacle; readonly message: string }
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
  if (found.state === 'obstacle') return { fenced: 'no', reason: found.reason, message: found.message }
  if (found.state === 'unreachable') return unknown(found)
  const { object, version } = found
  if (version.uid !== from.uid || version.resourceVersion !== from.resourceVersion) {
    return { fenced: 'yes', isOurs: false }
  }
  // A count that is not there may mean something else than 0.
  if (at(object, 'spec', 'replicas') === undefined) {
    return { fenced: 'no', reason: 'NotScalable', message: `${target.type.kind}/${target.name} has no count` }
  }
  const owners = ownersOf(object)
  const manager = managers.find(name => !owners.includes(name))
  if (manager === undefined) {
    return { fenced: 'no', reason: 'NotScalable', message: `${mostFences} fences stand there already` }
  }
  const written = await markedWrite(api, target, manager, version, version.count)
  switch (written.write) {
    case 'applied':
      if (written.version?.resourceVersion !== version.resourceVersion) return { fenced: 'yes', isOurs: true }
      return { fenced: 'no', reason: 'NotScalable', message: 'a write of the same count moves no version' }
    case 'stale':
      return { fenced: 'yes', isOurs: false }
    case 'missing':
      return { fenced: 'no', reason: 'NotScalable', message: `${target.type.kind}/${target.name} has no /scale` }
    case 'refused':
      return { fenced: 'no', reason: written.reason, message: written.message }
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
