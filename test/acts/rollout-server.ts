import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { crds } from '../../src/drivers/registry.ts'
import { annotationPrefix } from '../../src/drivers/rollouts/plan.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { listAt } from '../deploy/manifests.ts'
import type { FakeClock } from '../support/clock.ts'
import { seededRandom } from '../support/random.ts'

export const annotation = `${annotationPrefix}app`
export const workloads = ['w0', 'w1', 'w2', 'w3']
export const path = '/apis/apps/v1/namespaces/shop/deployments'
const recordPath = '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhookrecords/push'

/** What `kubectl rollout undo` sets back: the image, and the annotation that names the pushes. */
interface Revision {
  readonly image: string
  readonly note: string | undefined
}

const revisionOf = (object: unknown): Revision => ({
  image: stringAt(listAt(object, 'spec', 'template', 'spec', 'containers')[0], 'image') ?? '',
  note: stringAt(object, 'metadata', 'annotations', annotation),
})

interface StoredPush {
  readonly workload: string
  readonly id: string
  readonly at: number
}

/** An API server with four Deployments and a hook. It notes each push that is stored, and can roll back. */
export class RolloutServer {
  readonly #clock: FakeClock
  readonly #server
  /** The uid of the hook. */
  readonly uid: string
  /** Each push that was stored in a workload, in order. */
  readonly stored: StoredPush[] = []
  readonly undone: Omit<StoredPush, 'id'>[] = []
  /** What was wrong with a write. */
  readonly wrong: string[] = []
  /** What each workload ran before, the oldest first, and who has set what it runs. */
  readonly #former = new Map<string, Revision[]>(workloads.map(name => [name, []]))
  readonly #writers = new Map<string, { readonly manager: string; readonly time: string }>()

  constructor(clock: FakeClock, seed: number) {
    this.#clock = clock
    this.#server = createApiServer({ clock, random: seededRandom(seed) })
    for (const crd of crds) this.#admin('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
    this.#admin('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
    const hook = this.#admin('POST', '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks', {
      apiVersion: 'receiverhooks.dev/v1alpha1',
      kind: 'ReceiverHook',
      metadata: { name: 'push' },
      spec: { driver: 'redeploy', redeploy: { selector: {} } },
    })
    this.uid = stringAt(hook, 'metadata', 'uid') ?? ''
    for (const name of workloads) {
      const template = {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'app', image: 'acme/app:start' }] },
      }
      const spec = { selector: { matchLabels: { a: 'b' } }, template }
      this.#admin('POST', path, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec })
    }
  }

  /** Answers a request of the product. */
  readonly handle = (request: ApiRequest): ApiResponse => {
    const name = request.path.slice(path.length + 1)
    const isWrite = request.method !== 'GET'
    const before =
      this.#former.has(name) && isWrite ? parseJson(this.#handle({ ...request, method: 'GET' }).body) : undefined
    const answer = this.#handle(request)
    if (before && answer.status === 200) {
      this.#former.get(name)?.push(revisionOf(before))
      this.#written(name, 'receiver-hooks')
    }
    if (answer.status !== 200 || !request.path.startsWith(path)) return answer
    if (isWrite) this.#note(parseJson(answer.body))
    else return { ...answer, body: JSON.stringify(this.#withWriters(parseJson(answer.body))) }
    return answer
  }

  /** Rolls a workload back, as `kubectl rollout undo` does. */
  undo(name: string): void {
    const revision = this.#former.get(name)?.pop()
    if (!revision) return
    const { image, note = null } = revision
    const template = { spec: { containers: [{ name: 'app', image }] } }
    const body = { metadata: { annotations: { [annotation]: note } }, spec: { template } }
    this.#admin('PATCH', `${path}/${name}`, body, 'application/strategic-merge-patch+json')
    this.#written(name, 'kubectl')
    this.undone.push({ workload: name, at: this.#clock.now() })
  }

  /** Writes a label as another client. */
  label(name: string, outside: string): void {
    const body = { metadata: { labels: { outside } } }
    this.#admin('PATCH', `${path}/${name}`, body, 'application/merge-patch+json')
  }

  labelOf(name: string): string | undefined {
    return stringAt(this.#get(`${path}/${name}`), 'metadata', 'labels', 'outside')
  }

  /** Returns what the hook's record remembers of deliveries. */
  rows(): readonly unknown[] {
    const content = parseJson(stringAt(this.#get(recordPath), 'content') ?? '{}')
    return [...listAt(content, 'rows'), ...listAt(content, 'acts')]
  }

  #get(where: string): unknown {
    return parseJson(this.#handle({ method: 'GET', path: where, lane: 'bulk', timeoutMs: 1 }).body)
  }

  #handle(request: ApiRequest): ApiResponse {
    return this.#server.handle({
      method: request.method,
      path: request.path,
      query: request.query ?? {},
      contentType: request.contentType ?? 'application/json',
      ...(request.body !== undefined && { body: request.body }),
      ...(request.as === 'metadata' && { accept: 'application/json;as=PartialObjectMetadata' }),
    })
  }

  #admin(method: ApiRequest['method'], where: string, body: object, contentType?: string): unknown {
    const answer = this.#handle({
      method,
      path: where,
      body: JSON.stringify(body),
      lane: 'bulk',
      timeoutMs: 1,
      ...(contentType !== undefined && { contentType }),
    })
    if (answer.status > 201) throw new Error(answer.body)
    return parseJson(answer.body)
  }

  #written(name: string, manager: string): void {
    this.#writers.set(name, { manager, time: new Date(this.#clock.now()).toISOString() })
  }

  /** Notes a push that was stored. Each push is of a tag of its own. */
  #note(object: unknown): void {
    const [time = ''] = (stringAt(object, 'metadata', 'annotations', annotation) ?? '').split(' ')
    const [container] = listAt(object, 'spec', 'template', 'spec', 'containers')
    const id = stringAt(container, 'image') ?? ''
    const workload = stringAt(object, 'metadata', 'name') ?? ''
    this.stored.push({ workload, id, at: Number(time) })
    // A rollback has the second of the API server's clock.
    const isOlder = this.undone.some(undo => undo.workload === workload && Number(time) < undo.at - (undo.at % 1000))
    if (isOlder) this.wrong.push(`${workload} was rolled back, and got a push again that is older`)
  }

  #withWriters(found: unknown): unknown {
    const items = at(found, 'items')
    const isList = isObject(found) && Array.isArray(items)
    return isList ? { ...found, items: items.map(item => this.#withWriter(item)) } : this.#withWriter(found)
  }

  /**
   * Returns an object with its managedFields: the real server names the writers of the fields that
   * a rollback sets back.
   */
  #withWriter(object: unknown): unknown {
    const writer = this.#writers.get(stringAt(object, 'metadata', 'name') ?? '')
    if (!isObject(object) || !writer) return object
    const containers = { 'f:containers': { 'k:{"name":"app"}': { 'f:image': {} } } }
    const fieldsV1 = {
      'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } },
      'f:spec': { 'f:template': { 'f:spec': containers } },
    }
    const metadata = {
      ...(isObject(object['metadata']) && object['metadata']),
      managedFields: [{ ...writer, operation: 'Update', fieldsV1 }],
    }
    return { ...object, metadata }
  }
}
