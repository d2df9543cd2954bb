import { apiVersion, hookKind, requestKind } from '../api/names.ts'
import { askerInWords } from '../api/by.ts'
import type { StoredObject } from '../api/object.ts'
import { requestSpecOf } from '../api/run-request.ts'
import type { Environment } from '../environment/environment.ts'
import { Shares, Tally } from '../environment/shares.ts'
import { eventRecorder, type EventRecorder } from '../kube/events.ts'
import { maxSeries, maxSeriesOfNamespace } from './limits.ts'

type OfHook = Readonly<Record<'namespace' | 'hook', string>>

/** Says which hooks have a request that waits for approval: by a metric while it waits, and once by an Event. */
export class AwaitingRequests {
  readonly #events: EventRecorder
  readonly #gauge: ReturnType<Environment['metrics']['gauge']>
  /** What waits, by the uid of the request. There are at most as many as counters of posts have series. */
  readonly #awaiting = new Map<string, { readonly of: OfHook; readonly leave: () => void }>()
  /** How many requests wait to a hook. They share one series. */
  readonly #ofHook = new Tally()
  readonly #places = new Shares(maxSeries, maxSeriesOfNamespace)

  constructor(environment: Parameters<typeof eventRecorder>[0]) {
    this.#events = eventRecorder(environment, { controller: 'receiver-hooks', instance: 'trigger' })
    this.#gauge = environment.metrics.gauge(
      'receiverhooks_awaiting',
      '1 while a request to the hook waits for approval.',
      ['namespace', 'hook'],
    )
  }

  add(uid: string, of: OfHook): void {
    const leave = this.#awaiting.has(uid) ? undefined : this.#places.take(of.namespace)
    if (!leave) return
    this.#awaiting.set(uid, { of, leave })
    this.#ofHook.add(`${of.namespace}/${of.hook}`, 1)
    this.#gauge.set(of, 1)
  }

  remove(uid: string): void {
    const { leave, of } = this.#awaiting.get(uid) ?? {}
    if (!of || !this.#awaiting.delete(uid)) return
    if (this.#ofHook.add(`${of.namespace}/${of.hook}`, -1) === 0) this.#gauge.set(of, undefined)
    leave?.()
  }

  /** Removes those that are not there any more. */
  keep(isThere: (namespace: string, uid: string) => boolean): void {
    for (const [uid, { of }] of this.#awaiting) if (!isThere(of.namespace, uid)) this.remove(uid)
  }

  /** Writes an Event about a request that waits. `hookUid` is that of its hook. */
  announce(request: StoredObject, hookUid: string, text: string, until: string | undefined): void {
    const { by, hook } = requestSpecOf(request)
    const { name, namespace = '', uid } = request.metadata
    this.#events.emit({
      regarding: { apiVersion, kind: hookKind, namespace, name: hook, uid: hookUid },
      related: { apiVersion, kind: requestKind, namespace, name, uid },
      type: 'Normal',
      reason: 'AwaitingApproval',
      action: 'Approve',
      note: `${text}, asked by ${askerInWords(by)}, until ${until}: kubectl receiverhook approve ${name} -n ${namespace}`,
    })
  }
}
