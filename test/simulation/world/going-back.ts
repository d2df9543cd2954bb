import { at, parseJson } from '../../../src/api/json.ts'
import { lostHistoryAnnotation } from '../../../src/kube/lost-history.ts'
import type { Rng } from '../seed.ts'
import type { Simulation } from '../simulation.ts'
import type { Fleet } from './fleet.ts'
import { newHook, type Installation } from './installation.ts'
import { hooksPath, leasePath } from './paths.ts'
import { removeAutoscaler } from './outside.ts'
import type { Snapshot } from '../../../apiserver/store.ts'
import { rowsIn } from '../rows.ts'
import { targetsPath, targetWith } from './targets.ts'

/**
 * When a snapshot of the storage is taken, early or late, and when it is restored, in milliseconds of a history. After a late one, the
 * storage soon comes to the lost version again, while API servers still have caches of the lost history.
 */
const snapshotsMs = [
  { least: 3_000, most: 6_000 },
  { least: 7_000, most: 10_000 },
] as const
const restoreMs = { least: 16_000, most: 20_000 }

/** How long the time of faults lasts where the storage is set back, in milliseconds. */
export const goingBackLastsMs = 32_000

/** A controller that still runs has marked the Lease by then, once all API servers have been restarted. */
const marksMs = 5_000

/** The last step after a restore: no API server and no process has anything of the lost history any more. */
export const restartsAll = 'restarts all processes'

/** So long before the restore, hooks are suspended and resumed, which the restore undoes. In milliseconds. */
const suspendsMs = 1_500

/** Somebody restores a snapshot of the storage beneath running processes, and restarts API servers later. */
export const goBack = (simulation: Simulation, rng: Rng, installation: Installation, fleet: Fleet): void => {
  const { apiServers, note, server, time } = simulation
  const restoreAt = rng.int(restoreMs.least, restoreMs.most)
  const snapshotMs = rng.pick(snapshotsMs)
  let taken: Taken | undefined
  const take = (target?: string): void => {
    if (taken) return
    const snapshot = server.snapshot()
    taken = { at: time.now, snapshot, target }
    note({ what: 'world', did: `takes a snapshot at version ${snapshot.revision}` })
  }
  const amidClaim = rng.chance(0.6)
  const snapshotAt = rng.int(snapshotMs.least, snapshotMs.most)
  server.onStored(({ at, object, resource }) => {
    const claim =
      resource === 'receiverhookrecords' ? rowsIn(object['content']).find(row => row.claim)?.claim : undefined
    if (amidClaim && claim && at > snapshotAt) take(claim.target.split('/').at(-1))
  })
  time.at(snapshotAt, () => {
    if (!amidClaim) take()
  })
  time.at(snapshotMs.most, () => take())
  time.at(restoreAt - suspendsMs, () => {
    for (const name of installation.hooks) {
      const path = `${hooksPath}/${name}`
      const suspend = at(parseJson(server.send('GET', path).body), 'spec', 'suspend') !== true
      if (rng.chance(0.5)) server.send('PATCH', path, { spec: { suspend } })
    }
  })
  time.at(restoreAt, () => {
    if (!taken) return
    const { at: snapshotAt, snapshot, target } = taken
    const lost = server.setBack(snapshot)
    note({ what: 'set back', snapshotAt, by: apiServers.setBack(rng, lost) })
    makeMissing(simulation, rng, installation)
    // The write of a claim that is open in the snapshot is then too late.
    const touched = { metadata: { annotations: { touched: 'true' } } }
    if (target !== undefined) server.send('PATCH', `${targetsPath(target)}/${target}`, touched)
  })
  time.at(goingBackLastsMs, () => {
    note({ what: 'world', did: 'restarts the API servers whose caches are of the lost history' })
    apiServers.restartLost()
    for (const target of installation.targets) removeAutoscaler(server, target)
    time.at(marksMs, () => {
      server.send('PATCH', leasePath, { metadata: { annotations: { [lostHistoryAnnotation]: null } } })
      note({ what: 'world', did: restartsAll })
      for (const { process } of fleet.members()) process.crash()
    })
  })
}

/** A snapshot, and when it was taken. */
interface Taken {
  readonly at: number
  readonly snapshot: Snapshot
  /** The target of a claim that is open in it. */
  readonly target: string | undefined
}

/** Those who have deleted something to make it again have done that in the lost history. */
const makeMissing = ({ server }: Simulation, rng: Rng, installation: Installation): void => {
  for (const name of installation.targets) {
    if (server.send('GET', `${targetsPath(name)}/${name}`).status !== 404) continue
    server.send('POST', targetsPath(name), targetWith(name, rng.int(0, 8)))
  }
  for (const name of installation.hooks) {
    const path = `${hooksPath}/${name}`
    if (server.send('GET', path).status === 404) server.send('POST', hooksPath, newHook(rng, name, installation))
  }
}
