import { at, parseJson } from '../../../src/api/json.ts'
import { apiVersion, hookKind, hookPlural } from '../../../src/api/names.ts'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import { recordPlural } from '../../../src/api/record.ts'
import type { Simulation } from '../simulation.ts'

/** How long an object stays whose owner is gone, in milliseconds. */
const staysMs = { least: 100, most: 8000 }

const collections: ReadonlyMap<string, string> = new Map([
  ['secrets', '/api/v1'],
  [recordPlural, `/apis/${apiVersion}`],
])

/**
 * The garbage collector: sooner or later it deletes what a hook owned that is gone, also what was made only after that. Where
 * `seesRecords` is false it never comes to the records.
 */
export const collectGarbage = ({ note, rng, server, time }: Simulation, seesRecords: boolean): void => {
  const chance = rng.fork()
  const alive = new Set<string>()

  const isOrphan = (object: StoredObject): boolean => {
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === hookKind)
    return owner !== undefined && !alive.has(owner.uid)
  }
  const collect = (): void => {
    for (const [resource, root] of collections) {
      if (resource === recordPlural && !seesRecords) continue
      const list = parseJson(server.send('GET', `${root}/${resource}`).body)
      const items: unknown = at(list, 'items')
      for (const object of Array.isArray(items) ? items : []) {
        if (!isStoredObject(object) || !isOrphan(object)) continue
        const { name, namespace } = object.metadata
        note({ what: 'world', did: `collects ${resource}/${name}` })
        server.send('DELETE', `${root}/namespaces/${namespace}/${resource}/${name}`)
      }
    }
  }
  server.onStored(({ deleted, object, resource }) => {
    if (resource === hookPlural && !deleted) alive.add(object.metadata.uid)
    if (resource === hookPlural && deleted) alive.delete(object.metadata.uid)
    const isLeft = resource === hookPlural ? deleted : collections.has(resource) && !deleted && isOrphan(object)
    if (isLeft) time.at(chance.int(staysMs.least, staysMs.most), collect)
  })
}
