import { at, isObject, parseJson, stringAt, type JsonObject } from '../../src/api/json.ts'
import { hookPlural } from '../../src/api/names.ts'
import { parseContent, parsePage, recordPlural, type StoredMemory } from '../../src/api/record.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'

/** A write of a count that the server has stored. */
export interface StoredWrite {
  readonly target: string
  /** The field manager. */
  readonly by: string
  readonly from: number
  readonly to: number
}

interface Version {
  readonly version: number
  /** Undefined once it is deleted. */
  readonly object: JsonObject | undefined
}

export const status = (code: number, reason = 'No', headers: ApiResponse['headers'] = {}): ApiResponse => ({
  status: code,
  headers,
  body: JSON.stringify({ kind: 'Status', reason, message: reason, code }),
})
/** Returns the answer about an object that is missing. It names the object, as that of the API server does. */
const missing = (name: string | undefined): ApiResponse => ({
  status: 404,
  headers: {},
  body: JSON.stringify({ kind: 'Status', reason: 'NotFound', message: 'NotFound', details: { name }, code: 404 }),
})
const ok = (body: unknown, code = 200): ApiResponse => ({ status: code, headers: {}, body: JSON.stringify(body) })

const owner = (manager: string): JsonObject => ({
  manager,
  operation: 'Apply',
  fieldsV1: { 'f:spec': { 'f:replicas': {} } },
})

/**
 * What an API server is to steps: Deployments of one namespace with their history, and the records of
 * hooks. It answers at once. The connection decides what can happen on the way.
 */
export class StepServer {
  /** In the order in which they were stored. */
  readonly writes: StoredWrite[] = []
  /** The uid of each hook that there is, by its name. */
  readonly hooks = new Map<string, string>()
  /** Returns what a webhook makes of a count that is written through /scale. */
  webhook = (count: number): number => count
  readonly #history = new Map<string, Version[]>()
  readonly #records = new Map<string, JsonObject>()
  #version = 100
  #uids = 0
  #compactedAt = 0

  constructor(targets: Readonly<Record<string, number>>) {
    for (const [name, count] of Object.entries(targets)) this.replace(name, count)
  }

  /** Answers a request, as a connection's other side. */
  readonly handle = (request: ApiRequest): ApiResponse => {
    const [resource, name, subresource] = request.path.split('/').slice(6)
    if (resource === recordPlural) return this.#onRecord(name, request)
    if (resource === hookPlural) return this.#onHook(name ?? '')
    if (resource !== 'deployments') return status(404, 'NotFound')
    const query = request.query ?? {}
    if (name === undefined) {
      return this.#list(query['fieldSelector']?.replace('metadata.name=', '') ?? '', query['resourceVersion'])
    }
    if (subresource === 'scale') return this.#onScale(name, request)
    const object = this.#newest(name)
    return object ? ok(object) : missing(name)
  }

  replicas(target: string): number | undefined {
    const object = this.#newest(target)
    return object && countOf(object)
  }

  /** Returns the uid and the resourceVersion of a target. */
  version(target: string): { readonly uid: string; readonly version: string } {
    return {
      uid: stringAt(this.#newest(target), 'metadata', 'uid') ?? '',
      version: stringAt(this.#newest(target), 'metadata', 'resourceVersion') ?? '',
    }
  }

  /** Returns the field managers of a target's count. */
  owners(target: string): readonly string[] {
    const entries = at(this.#newest(target), 'metadata', 'managedFields')
    return Array.isArray(entries) ? entries.map(entry => stringAt(entry, 'manager') ?? '') : []
  }

  /** Writes as another client: the count, or only the version. As on a real server, only a new count takes the owners away. */
  outsideWrite(target: string, change = (count: number): number => count): void {
    const before = this.#newest(target)
    if (before) this.#write(target, String(at(before, 'metadata', 'uid')), 'outsider', change(countOf(before)))
  }

  /** Puts another Deployment in the place of one, or of none. */
  replace(target: string, count: number): void {
    this.removeTarget(target)
    this.#write(target, `t${++this.#uids}`, 'kubectl', count)
  }

  removeTarget(target: string): void {
    this.#version += 1
    this.#store(target, undefined)
  }

  /** Forgets all versions but the present ones. */
  compact(): void {
    this.#compactedAt = this.#version
  }

  /** Returns the names of all pages that are there. */
  pages(): readonly string[] {
    return [...this.#records.keys()].filter(name => name.startsWith('page-'))
  }

  /** Returns what a record holds, with its pages. Undefined if there is none, or if its content cannot be read. */
  memory(record: string): StoredMemory | undefined {
    const parsed = parseContent(this.#records.get(record)?.['content'])
    if (parsed.content !== 'known') return undefined
    const { pages = [], rows } = parsed.memory
    const closed = pages.map(page => parsePage(this.#records.get(page)?.['content']))
    return {
      ...parsed.memory,
      rows: [...closed.flatMap(page => (page.content === 'known' ? page.rows : [])), ...rows],
    }
  }

  /** Returns the whole record. */
  record(name: string): JsonObject | undefined {
    return this.#records.get(name)
  }

  /** Stores a record as it is given, in place of what is there. */
  putRecord(name: string, owner: string, content: string): void {
    this.#putRecord(name, { ownerReferences: [{ uid: owner }] }, content)
  }

  removeRecord(name: string): void {
    this.#records.delete(name)
  }

  #newest(name: string): JsonObject | undefined {
    return this.#history.get(name)?.at(-1)?.object
  }

  #store(name: string, object: JsonObject | undefined): void {
    this.#history.set(name, [...(this.#history.get(name) ?? []), { version: this.#version, object }])
  }

  #write(name: string, uid: string, manager: string, to: number, applies = false): void {
    const before = this.#newest(name)
    const changed = countOf(before) !== to
    if (before && changed) this.writes.push({ target: name, by: manager, from: countOf(before), to })
    const owners = this.owners(name)
    // Applying the count that is there makes the applier one more owner of it. If it is one already, nothing changes.
    if (applies && !changed && owners.includes(manager)) return
    this.#version += 1
    const same = applies || !before ? [...owners, manager] : owners
    const managedFields = (changed ? [manager] : same).map(owner)
    this.#store(name, {
      kind: 'Deployment',
      metadata: { name, namespace: 'shop', uid, resourceVersion: String(this.#version), managedFields },
      spec: { replicas: to },
    })
  }

  #putRecord(name: string, metadata: JsonObject, content: unknown): JsonObject {
    this.#version += 1
    const uid = stringAt(this.#records.get(name), 'metadata', 'uid') ?? `r${++this.#uids}`
    const stored = { metadata: { ...metadata, name, uid, resourceVersion: String(this.#version) }, content }
    this.#records.set(name, stored)
    return stored
  }

  #list(name: string, exact: string | undefined): ApiResponse {
    const asked = Number(exact ?? this.#version)
    if (asked < this.#compactedAt) return status(410, 'Expired')
    const object = this.#history.get(name)?.findLast(entry => entry.version <= asked)?.object
    return ok({ metadata: { resourceVersion: String(asked) }, items: object ? [object] : [] })
  }

  #onScale(name: string, { body, query }: ApiRequest): ApiResponse {
    const before = this.#newest(name)
    if (!before) return status(404, 'NotFound')
    const sent = parseJson(body ?? '')
    const isCurrent = ['uid', 'resourceVersion'].every(
      member => at(sent, 'metadata', member) === at(before, 'metadata', member),
    )
    if (!isCurrent) return status(409, 'Conflict')
    const to = this.webhook(countOf(isObject(sent) ? sent : {}))
    this.#write(name, String(at(before, 'metadata', 'uid')), query?.['fieldManager'] ?? '', to, true)
    return ok({ metadata: at(this.#newest(name), 'metadata'), spec: { replicas: to } })
  }

  #onRecord(name: string | undefined, { body, method }: ApiRequest): ApiResponse {
    const sent = body === undefined ? undefined : parseJson(body)
    const metadata = at(sent, 'metadata')
    const known = this.#records.get(name ?? stringAt(metadata, 'name') ?? '')
    if (method === 'GET') return known ? ok(known) : missing(name)
    if (method === 'DELETE') return this.#records.delete(name ?? '') ? ok({}) : status(404, 'NotFound')
    if (!isObject(metadata)) return status(400, 'BadRequest')
    if (method === 'POST') {
      return known
        ? status(409, 'AlreadyExists')
        : ok(this.#putRecord(String(metadata['name']), metadata, at(sent, 'content')), 201)
    }
    if (!known) return status(404, 'NotFound')
    const isCurrent = ['uid', 'resourceVersion'].every(member => metadata[member] === at(known, 'metadata', member))
    return isCurrent ? ok(this.#putRecord(String(name), metadata, at(sent, 'content'))) : status(409, 'Conflict')
  }

  #onHook(name: string): ApiResponse {
    const uid = this.hooks.get(name)
    return uid === undefined ? missing(name) : ok({ metadata: { name, uid, resourceVersion: '1' } })
  }
}

const countOf = (object: JsonObject | undefined): number => Number(at(object, 'spec', 'replicas'))

export const stepServer = (targets: Readonly<Record<string, number>>): StepServer => new StepServer(targets)
