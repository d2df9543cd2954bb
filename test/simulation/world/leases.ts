import { at, isObject, parseJson, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { apiVersion } from '../../../src/api/names.ts'
import { recordPlural } from '../../../src/api/record.ts'
import { rfc3339 } from '../../../src/environment/time.ts'
import { wallClock, type Simulation } from '../simulation.ts'
import type { SimulatedServer } from '../server.ts'
import { rowsIn } from '../rows.ts'
import type { Actor } from './actor.ts'
import type { Fleet } from './fleet.ts'
import { leaseLengths, type Installation } from './installation.ts'
import { hooksPath, shop } from './paths.ts'
import { targetsPath } from './targets.ts'

/** People make leases longer or shorter. Whether a hook leases at all nobody edits: that says which posts go through its record. */
export const editLeases =
  (server: SimulatedServer, { hooks }: Installation) =>
  ({ did, rng }: Actor): void => {
    const name = rng.pick(hooks)
    const path = `${hooksPath}/${name}`
    const spec = { for: rng.pick(leaseLengths) }
    if (at(parseJson(server.send('GET', path).body), 'spec', 'for') === undefined) return
    const { status } = server.send('PATCH', path, { spec })
    did(`edits ${name} ${JSON.stringify(spec)}: ${status}`)
  }

/** Somebody ends what a hook has leased, or says by when it has to end. */
export const endLeases =
  ({ server, time }: Simulation, { hooks }: Installation) =>
  ({ did, rng }: Actor): void => {
    const name = rng.pick(hooks)
    const spec = { endBefore: rfc3339(wallClock(time) + rng.pick([0, 0, 1000, 3000])) }
    const { status } = server.send('PATCH', `${hooksPath}/${name}`, { spec })
    did(`edits ${name} ${JSON.stringify(spec)}: ${status}`)
  }

/** How late something may be before it has to be waited for, in milliseconds: as late as the product promises. */
const lateMs = 12_000

/** A lease that should have ended, or that a process claimed which may be dead; undefined where there is none. */
export const lateLease = ({ server }: Simulation, fleet: Fleet): string | undefined => {
  const list = parseJson(server.send('GET', `/apis/${apiVersion}/namespaces/${shop}/${recordPlural}`).body)
  const records: unknown = at(list, 'items')
  // By the clock of some trigger: each ends what is due by its own.
  const now = Math.max(
    ...fleet.members().flatMap(({ endpoint, process }) => (endpoint ? process.environment.clock.now() : [])),
  )
  for (const record of Array.isArray(records) ? records : []) {
    const content = stringAt(record, 'content')
    const name = stringAt(record, 'metadata', 'name')
    const owners: unknown = at(record, 'metadata', 'ownerReferences')
    const uid = Array.isArray(owners) ? stringAt(owners[0], 'uid') : undefined
    if (stringAt(parseJson(server.send('GET', `${hooksPath}/${name}`).body), 'metadata', 'uid') !== uid) continue
    const parts: unknown = at(tryParseJson(content ?? ''), 'parts')
    for (const part of Array.isArray(parts) ? parts : []) {
      const until = isObject(part) && part['held'] !== true ? Number(part['until']) : Infinity
      if (now - until > lateMs) return `a lease of ${name} should have ended ${now - until} ms ago`
    }
    // One by a clock that was ahead has to be looked at when its own time has come, as its lease ends by that clock too.
    const open = rowsIn(content).find(
      ({ at: claimedAt, claim, leases }) =>
        claim && leases && now - claimedAt > lateMs && isDecided(server, claim.target, claim.version),
    )
    if (open) return `nobody has looked whether ${open.key} of ${name} was written`
  }
  return undefined
}

/** Whether a later version of a target shows the outcome of a write. */
export const isDecided = (server: SimulatedServer, target: string, version: string): boolean => {
  const name = /([^/ ]+)(?: .*)?$/.exec(target)?.[1] ?? ''
  const object = parseJson(server.send('GET', `${targetsPath(name)}/${name}`).body)
  return stringAt(object, 'metadata', 'resourceVersion') !== version
}
