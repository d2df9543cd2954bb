import type { StoredObject } from '../../src/api/object.ts'
import { isStatus } from '../../src/kube/errors.ts'
import type { Source } from '../../src/kube/source.ts'
import { watchObjects } from '../../src/kube/watch-objects.ts'
import { explain } from '../explain.ts'
import type { Shell } from '../../src/commands/shell.ts'
import type { Cluster } from './cluster.ts'
import { namedKind } from './hooks.ts'

export type FollowedChange =
  /**
   * All objects. Yielded first, and again if the API server no longer has the changes since the
   * last one that was yielded.
   */
  | { readonly change: 'list'; readonly objects: readonly StoredObject[] }
  | { readonly change: 'put' | 'removed'; readonly object: StoredObject }

/** An open watch without an error means that the API server is there after this time, in milliseconds. */
const liveAfterMs = 1_000

/**
 * Yields all objects, then each change, until `stop` is aborted. Throws if the first list fails, or
 * if the user loses the right to read. Writes to `err` when the API server is lost and when it is
 * there again.
 */
export async function* followObjects(
  { api }: Pick<Cluster, 'api'>,
  source: Source,
  { clock, err, program, random, stop }: Pick<Shell, 'clock' | 'err' | 'program' | 'random' | 'stop'>,
): AsyncGenerator<FollowedChange> {
  let isListed = false
  let isLost = false
  let objects: StoredObject[] = []
  const found = (): void => {
    if (isLost) err.write('the API server is back\n')
    isLost = false
  }
  const opened = (): (() => void) => clock.after(liveAfterMs, found)
  for await (const change of watchObjects({ api, clock, random }, source, stop, { opened })) {
    switch (change.type) {
      case 'list':
        objects = []
        break
      case 'page':
        objects.push(...change.objects.map(namedKind(source.type)))
        if (change.large) objects.push(namedKind(source.type)(change.large))
        break
      case 'listed':
        isListed = true
        found()
        yield { change: 'list', objects }
        break
      case 'put':
        found()
        yield { change: 'put', object: change.object }
        break
      case 'remove':
        found()
        yield { change: 'removed', object: change.object }
        break
      case 'cut':
        if (!isListed || isStatus(change.error, 401, 403)) throw change.error
        // 410 alone means that the changes are too old, and that a list follows.
        if (!isLost && !isStatus(change.error, 410)) {
          isLost = true
          const [why] = explain(change.error, { program }).message.split('\n', 1)
          err.write(`nothing new can be shown: ${why}; trying again\n`)
        }
        break
      case 'put large':
      case 'bookmark':
        break
    }
  }
}
