import type { StoredObject } from '../../api/object.ts'
import { isStatus } from '../../kube/errors.ts'
import type { Source } from '../../kube/source.ts'
import { watchObjects } from '../../kube/watch-objects.ts'
import type { Shell } from '../shell.ts'
import type { Cluster } from './cluster.ts'
import { namedKind } from './hooks.ts'

export type FollowedChange =
  /**
   * All objects. Yielded first, and again if the API server no longer has the changes since the
   * last one that was yielded.
   */
  | { readonly change: 'list'; readonly objects: readonly StoredObject[] }
  | { readonly change: 'put' | 'removed'; readonly object: StoredObject }

/**
 * Yields all objects, then each change, until `stop` is aborted. Throws if the first list fails, or
 * if the user loses the right to read.
 */
export async function* followObjects(
  { api }: Pick<Cluster, 'api'>,
  source: Source,
  { clock, random, stop }: Pick<Shell, 'clock' | 'random' | 'stop'>,
): AsyncGenerator<FollowedChange> {
  let isListed = false
  let objects: StoredObject[] = []
  for await (const change of watchObjects({ api, clock, random }, source, stop)) {
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
        yield { change: 'list', objects }
        break
      case 'put':
        yield { change: 'put', object: change.object }
        break
      case 'remove':
        yield { change: 'removed', object: change.object }
        break
      case 'cut':
        if (!isListed || isStatus(change.error, 401, 403)) throw change.error
        break
      case 'put large':
      case 'bookmark':
        break
    }
  }
}
