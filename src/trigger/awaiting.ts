import { apiVersion, hookKind, requestKind } from '../api/names.ts'
import type { StoredObject } from '../api/object.ts'
import { requestSpecOf } from '../api/run-request.ts'
import type { Environment } from '../environment/environment.ts'
import { eventRecorder, type EventRecorder } from '../kube/events.ts'

/** Says which hooks have a request that waits for approval: by a metric while it waits, and once by an Event. */
export class AwaitingRequests {
  readonly #events: EventRecorder
  readonly #gauge: ReturnType<Environment['metrics']['gauge']>
  /** What waits, by the uid of the request. */
  readonly #awaiting = new Map<string, { readonly namespace: string; readonly hook: string }>()

  constructor(environment: Parameters<typeof eventRecorder>[0]) {
    this.#events = eventRecorder(environment, { controller: 'receiver-hooks', instance: 'trigger' })
    this.#gauge = environment.metrics.gauge(
      'receiverhooks_awaiting',
      '1 while a request to the hook waits for approval.',
      ['namespace', 'hook'],
    )
  }

  add(uid: string, of: { readonly namespace: string; readonly hook: string }): void {
    this.#awaiting.set(uid, of)
    this.#gauge.set(of, 1)
  }

  remove(uid: string): void {
    const of = this.#awaiting.get(uid)
    if (of) this.#gauge.set(of, undefined)
    this.#awaiting.delete(uid)
  }

  /** Removes those that are not there any more. */
  keep(isThere: (namespace: string, uid: string) => boolean): void {
    for (const [uid, { namespace }] of this.#awaiting) if (!isThere(namespace, uid)) this.remove(uid)
  }

  /** Writes an Event about a request that waits. `hookUid` is that of its hook. */
  announce(request: StoredObject, hookUid: string, text: string, until: string | undefined): void {
    const { by, hook } = requestSpecOf(request)
    const { name, namespace = '', uid } = request.metadata
    this.#events.emit({
      regarding: { apiVersion, kind: hookKind, namespace, name: hook, uid: hookUid },
      related: { apiVersion, kind: requestKind, namespace, name, uid },
      ...{ type: 'Normal', reason: 'AwaitingApproval', action: 'Approve' },
      note: `${text}, asked by ${by.user}, until ${until}: kubectl receiverhook approve ${name} -n ${namespace}`,
    })
  }
}
