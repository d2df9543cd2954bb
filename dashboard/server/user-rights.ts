import { stringAt } from '../../src/api/json.ts'
import { group, hookPlural } from '../../src/api/names.ts'
import type { ApiConnection, Clock } from '../../src/environment/environment.ts'
import { requests } from '../../src/kube/resources.ts'
import { accessReview, isAllowed, resourceInWords, type Access } from '../../src/kube/reviews.ts'
import type { May, RightName, Rights } from '../protocol.ts'
import { ask } from './api.ts'
import { rightsMs } from './limits.ts'
import { redactedText } from './row.ts'

const onHooks = (verb: string): Access => ({ verb, type: { group, resource: hookPlural } })

/** The right that each action of the page needs. */
const needed: Readonly<Record<RightName, Access>> = {
  create: onHooks('create'),
  update: onHooks('update'),
  patch: onHooks('patch'),
  delete: onHooks('delete'),
  events: { verb: 'list', type: { group: 'events.k8s.io', resource: 'events' } },
  secrets: { verb: 'get', type: { group: '', resource: 'secrets' } },
  // The right to run one hook depends on its name, so the API server says that only when it is asked to run it.
  run: { verb: 'create', type: requests },
}

/**
 * Reads the user's rights in a namespace. Sends one review for each right, all at the same time.
 */
const reviewAll = async (api: ApiConnection, namespace: string): Promise<Rights> => {
  const asked = Object.entries(needed).map(async ([name, { type, verb }]): Promise<[string, May]> => {
    const answer = await ask(api, accessReview(namespace, { type, verb }))
    const allowed = isAllowed(answer)
    const why = allowed ? undefined : redactedText(stringAt(answer, 'status', 'reason'))
    return [name, { verb, resource: resourceInWords(type), allowed, why: why || undefined }]
  })
  return Object.fromEntries(await Promise.all(asked))
}

type Kept = Map<string, { readonly at: number; readonly rights: Promise<Rights> }>

/** The rights of users, cached for 30 s because pages ask for them often. */
export class UserRights {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #kept = new WeakMap<ApiConnection, Kept>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Returns the rights in a namespace of the user to whom a connection belongs. */
  of(api: ApiConnection, namespace: string): Promise<Rights> {
    const now = this.#clock.monotonic()
    const kept: Kept = this.#kept.get(api) ?? new Map()
    this.#kept.set(api, kept)
    for (const [name, { at: when }] of kept) if (now - when > rightsMs) kept.delete(name)
    const found = kept.get(namespace)
    if (found) return found.rights
    const rights = reviewAll(api, namespace)
    kept.set(namespace, { at: now, rights })
    rights.catch(() => kept.delete(namespace))
    return rights
  }
}
