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

/**
 * What an API server is to steps: Deployments of one namespace with their history, and the records of hooks. It answers
 * at once; what can happen on the way is the connection's.
 */
export interface StepServer {
  readonly handle: (request: ApiRequest) => ApiResponse
  /** In the order in which they were stored. */
  readonly writes: readonly StoredWrite[]
  replicas(target: string): number | undefined
  /** The uid and the resourceVersion of a target. */
  version(target: string): { readonly uid: string; readonly version: string }
  /** The field managers of a target's count. */
  owners(target: string): readonly string[]
  /** Somebody else writes: the count, or only the version. */
  outsideWrite(target: string, change?: (count: number) => number): void
  /** Puts another Deployment in the place of one, or of none. */
  replace(target: string, count: number): void
  removeTarget(target: string): void
  /** Forgets all versions but the present ones. */
  compact(): void
  /** The uid of each hook that there is, by its name. */
  readonly hooks: Map<string, string>
  /** The names of all pages that are there. */
  pages(): readonly string[]
  /** What a record holds, with its pages; undefined when there is none, or when its content cannot be read. */
  memory(record: string): StoredMemory | undefined
  /** The whole record. */
  record(name: string): JsonObject | undefined
  /** Stores a record as it is given, in place of what is there. */
  putRecord(name: string, owner: string, content: string): void
  removeRecord(name: string): void
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
const ok = (body: unknown, code = 200): ApiResponse => ({ status: code, headers: {}, body: JSON.stringify(body) })

const owner = (manager: string): JsonObject => ({
  manager,
  operation: 'Apply',
  fieldsV1: { 'f:spec': { 'f:replicas': {} } },
})

export const stepServer = (targets: Readonly<Record<string, number>>): StepServer => {
  let version = 100
  let uids = 0
  let compactedAt = 0
  const history = new Map<string, Version[]>()
  const hooks = new Map<string, string>()
  const records = new Map<string, JsonObject>()
  const writes: StoredWrite[] = []

  const newest = (name: string): JsonObject | undefined => history.get(name)?.at(-1)?.object
  const countOf = (object: JsonObject | undefined): number => Number(at(object, 'spec', 'replicas'))
  const store = (name: string, object: JsonObject | undefined): void => {
    history.set(name, [...(history.get(name) ?? []), { version, object }])
  }
  const ownersOf = (name: string): readonly string[] => {
    const entries = at(newest(name), 'metadata', 'managedFields')
    return Array.isArray(entries) ? entries.map(entry => stringAt(entry, 'manager') ?? '') : []
  }
  const write = (name: string, uid: string, manager: string, to: number, applies = false): void => {
    const before = newest(name)
    const changed = countOf(before) !== to
    if (before && changed) writes.push({ target: name, by: manager, from: countOf(before), to })
    const owners = ownersOf(name)
    // Applying the count that is there makes the applier one more owner of it. If it is one already, nothing changes.
    if (applies && !changed && owners.includes(manager)) return
    version += 1
    const same = applies ? [...owners, manager] : owners
    const managedFields = (changed ? [manager] : same).map(owner)
    store(name, {
      kind: 'Deployment',
      metadata: { name, namespace: 'shop', uid, resourceVersion: String(version), managedFields },
      spec: { replicas: to },
    })
  }
  const putRecord = (name: string, metadata: JsonObject, content: unknown): JsonObject => {
    version += 1
    const uid = stringAt(records.get(name), 'metadata', 'uid') ?? `r${++uids}`
    const stored = { metadata: { ...metadata, name, uid, resourceVersion: String(version) }, content }
    records.set(name, stored)
    return stored
  }

  const list = (name: string, exact: string | undefined): ApiResponse => {
    const asked = Number(exact ?? version)
    if (asked < compactedAt) return status(410, 'Expired')
    const object = history.get(name)?.findLast(entry => entry.version <= asked)?.object
    return ok({ metadata: { resourceVersion: String(asked) }, items: object ? [object] : [] })
  }

  const onScale = (name: string, { body, query }: ApiRequest): ApiResponse => {
    const before = newest(name)
    if (!before) return status(404, 'NotFound')
    const sent = parseJson(body ?? '')
    const isCurrent = ['uid', 'resourceVersion'].every(
      member => at(sent, 'metadata', member) === at(before, 'metadata', member),
    )
    if (!isCurrent) return status(409, 'Conflict')
    write(
      name,
      String(at(before, 'metadata', 'uid')),
      query?.['fieldManager'] ?? '',
      countOf(isObject(sent) ? sent : {}),
      true,
    )
    return ok({ metadata: at(newest(name), 'metadata') })
  }

  const onRecord = (name: string | undefined, { body, method }: ApiRequest): ApiResponse => {
    const sent = body === undefined ? undefined : parseJson(body)
    const metadata = at(sent, 'metadata')
    const known = records.get(name ?? stringAt(metadata, 'name') ?? '')
    if (method === 'GET') return known ? ok(known) : status(404, 'NotFound')
    if (method === 'DELETE') return records.delete(name ?? '') ? ok({}) : status(404, 'NotFound')
    if (!isObject(metadata)) return status(400, 'BadRequest')
    if (method === 'POST') {
      return known
        ? status(409, 'AlreadyExists')
        : ok(putRecord(String(metadata['name']), metadata, at(sent, 'content')), 201)
    }
    if (!known) return status(404, 'NotFound')
    const isCurrent = ['uid', 'resourceVersion'].every(member => metadata[member] === at(known, 'metadata', member))
    return isCurrent ? ok(putRecord(String(name), metadata, at(sent, 'content'))) : status(409, 'Conflict')
  }

  const onHook = (name: string): ApiResponse => {
    const uid = hooks.get(name)
    return uid === undefined ? status(404, 'NotFound') : ok({ metadata: { name, uid, resourceVersion: '1' } })
  }

  const server: StepServer = {
    writes,
    hooks,
    handle: request => {
      const [resource, name, subresource] = request.path.split('/').slice(6)
      if (resource === recordPlural) return onRecord(name, request)
      if (resource === hookPlural) return onHook(name ?? '')
      if (resource !== 'deployments') return status(404, 'NotFound')
      const query = request.query ?? {}
      if (name === undefined) {
        return list(query['fieldSelector']?.replace('metadata.name=', '') ?? '', query['resourceVersion'])
      }
      if (subresource === 'scale') return onScale(name, request)
      const object = newest(name)
      return object ? ok(object) : status(404, 'NotFound')
    },
    replicas: name => {
      const object = newest(name)
      return object && countOf(object)
    },
    version: name => ({
      uid: stringAt(newest(name), 'metadata', 'uid') ?? '',
      version: stringAt(newest(name), 'metadata', 'resourceVersion') ?? '',
    }),
    owners: ownersOf,
    outsideWrite: (name, change = count => count) => {
      const before = newest(name)
      if (before) write(name, String(at(before, 'metadata', 'uid')), 'outsider', change(countOf(before)))
    },
    replace: (name, count) => {
      version += 1
      store(name, undefined)
      write(name, `t${++uids}`, 'kubectl', count)
    },
    removeTarget: name => {
      version += 1
      store(name, undefined)
    },
    compact: () => {
      compactedAt = version
    },
    memory: name => {
      const parsed = parseContent(records.get(name)?.['content'])
      if (parsed.content !== 'known') return undefined
      const { pages = [], rows } = parsed.memory
      const closed = pages.map(page => parsePage(records.get(page)?.['content']))
      return {
        ...parsed.memory,
        rows: [...closed.flatMap(page => (page.content === 'known' ? page.rows : [])), ...rows],
      }
    },
    pages: () => [...records.keys()].filter(name => name.startsWith('page-')),
    record: name => records.get(name),
    putRecord: (name, uid, content) => void putRecord(name, { ownerReferences: [{ uid }] }, content),
    removeRecord: name => void records.delete(name),
  }
  for (const [name, count] of Object.entries(targets)) server.replace(name, count)
  return server
}
