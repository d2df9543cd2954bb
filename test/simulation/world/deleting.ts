import { at, isObject, parseJson, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { apiVersion, leasesFinalizer, leasesLabel } from '../../../src/api/names.ts'
import { recordPlural } from '../../../src/api/record.ts'
import type { SimulatedServer } from '../server.ts'
import type { Simulation } from '../simulation.ts'
import type { Actor } from './actor.ts'
import { rowsIn } from '../rows.ts'
import { newHook, type Installation } from './installation.ts'
import { isDecided } from './leases.ts'
import { hooksPath, shop } from './paths.ts'

/** People delete a hook while it may have leased something, and make it again; or say otherwise what then ends. */
export const deleteLeasing =
  (server: SimulatedServer, installation: Installation) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const names = rng.chance(0.95) ? openRecords(server, rng.chance(0.8)) : installation.hooks
    if (names.length === 0) return
    const name = rng.pick(names)
    const path = `${hooksPath}/${name}`
    const hook = parseJson(server.send('GET', path).body)
    if (at(hook, 'spec', 'for') === undefined) return
    if (rng.chance(0.2)) {
      const spec = { onDelete: rng.pick(['end', 'keep']) }
      const { status } = server.send('PATCH', path, { spec })
      return did(`edits ${name} ${JSON.stringify(spec)}: ${status}`)
    }
    did(`deletes ${name}`)
    server.send('DELETE', path, undefined, { query: { propagationPolicy: 'Orphan' } })
    await sleep(rng.pick([0, rng.int(0, 1000), rng.int(0, 6000)]))
    did(`makes ${name} again`)
    server.send('POST', hooksPath, newHook(rng, name, installation))
  }

/** The names of the records in which something is leased; with `surely`, in which that is no claim. */
const openRecords = (server: SimulatedServer, surely: boolean): readonly string[] =>
  recordsOf(server).flatMap(record => {
    const isOpen = at(record, 'metadata', 'labels', leasesLabel) !== undefined
    const isSure = partsOf(record).some(part => at(part, 'until') !== undefined)
    return isOpen && (isSure || !surely) ? (stringAt(record, 'metadata', 'name') ?? []) : []
  })

const partsOf = (record: unknown): readonly unknown[] => {
  const parts: unknown = at(tryParseJson(stringAt(record, 'content') ?? ''), 'parts')
  return Array.isArray(parts) ? parts : []
}

const recordsOf = (server: SimulatedServer): readonly unknown[] => {
  const list = parseJson(server.send('GET', `/apis/${apiVersion}/namespaces/${shop}/${recordPlural}`).body)
  const records: unknown = at(list, 'items')
  return Array.isArray(records) ? records : []
}

/** A record whose hook is gone, and in which something is still to end; undefined where there is none. */
export const keptRecord = ({ server }: Simulation): string | undefined => {
  for (const record of recordsOf(server)) {
    const [finalizers, owners] = [at(record, 'metadata', 'finalizers'), at(record, 'metadata', 'ownerReferences')]
    if (!Array.isArray(finalizers) || !finalizers.includes(leasesFinalizer)) continue
    const name = stringAt(record, 'metadata', 'name')
    const hook = parseJson(server.send('GET', `${hooksPath}/${name}`).body)
    const owner = Array.isArray(owners) ? stringAt(owners[0], 'uid') : undefined
    if (stringAt(hook, 'metadata', 'uid') === owner) continue
    // What bounds keep back may be kept back for good.
    const mayStay = (part: unknown): boolean => isObject(part) && part['held'] === true
    // Whether a write was made is not known until somebody changes its target.
    const isUnknown = rowsIn(stringAt(record, 'content')).some(
      ({ claim }) => claim && !isDecided(server, claim.target, claim.version),
    )
    if (!isUnknown && !partsOf(record).some(mayStay)) return `what the deleted ${name} has leased has not ended`
  }
  return undefined
}
