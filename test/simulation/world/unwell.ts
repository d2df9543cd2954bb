import { at, isObject, parseJson, stringAt, type JsonObject } from '../../../src/api/json.ts'
import type { Simulation } from '../simulation.ts'
import type { Fleet } from './fleet.ts'
import type { Installation } from './installation.ts'
import { keptRecord } from './deleting.ts'
import { lateLease } from './leases.ts'
import { signingKid } from './keys.ts'
import { hooksPath } from './paths.ts'
import type { Board } from './published.ts'

/** What is not yet as it should be when all is well; undefined when nothing is. */
export const unwell = (
  simulation: Simulation,
  fleet: Fleet,
  { approving, deleting, holding, hooks, leasing, passing, rolling, running }: Installation,
  board: Board,
): string | undefined => {
  const { apiServers, server, silent } = simulation
  if (!apiServers.well()) return 'an API server is sick'
  const waited = fleet.members().find(member => !member.ready())
  if (waited) return `${waited.process.name} is not ready`
  const ending = fleet.members().find(({ serving }) => !serving)
  if (ending) return `${ending.process.name} has not ended`
  const frozen = fleet.members().find(({ process }) => process.frozen)
  if (frozen) return `${frozen.process.name} stands still`
  if (silent.size > 0) return `${silent.size} watches are silent, and nobody has noticed`
  const kid = signingKid(server)
  for (const name of [...hooks, ...rolling, ...running, ...passing, ...holding, ...approving]) {
    const hook = parseJson(server.send('GET', `${hooksPath}/${name}`).body)
    const token = board.of(name).at(-1)
    const { uid, generation } = isObject(hook) ? metadataOf(hook) : {}
    const rotation = at(hook, 'spec', 'token', 'rotation')
    if (at(hook, 'status', 'observedGeneration') !== generation) return `the status of ${name} is not up to date`
    if (token?.uid !== uid || token?.rotation !== rotation) return `${name} has no token of its present rotation`
    if (token?.kid !== kid) return `${name} has no token of the key that signs`
    const conditions = at(hook, 'status', 'conditions')
    const isReady = (condition: unknown): boolean =>
      at(condition, 'type') === 'Ready' && at(condition, 'status') === 'True'
    if (!Array.isArray(conditions) || !conditions.some(isReady))
      return `${name} is not Ready: ${JSON.stringify(conditions)}`
  }
  const isHolding = holding.length > 0
  const late = leasing || isHolding ? lateLease(simulation, fleet) : undefined
  return late ?? (deleting || isHolding ? keptRecord(simulation) : undefined)
}

const metadataOf = (object: JsonObject): { readonly uid?: string; readonly generation?: unknown } => ({
  uid: stringAt(object, 'metadata', 'uid') ?? '',
  generation: at(object, 'metadata', 'generation'),
})
