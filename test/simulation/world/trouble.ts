import type { Faults } from '../faults.ts'
import type { SimulatedProcess, Simulation } from '../simulation.ts'
import type { Rng } from '../seed.ts'
import { act, times } from './actor.ts'
import type { Fleet } from './fleet.ts'

/** A restart of the API server takes this long at most, in milliseconds. */
const downMs = 4000

/** Wall clocks jump this far at most, in either direction, in milliseconds. */
const jumpMs = 600_000

/** A process stands still this long at most, in milliseconds: longer than a lease. */
const freezeMs = 20_000

/** An API server is sick this long at most, in milliseconds. */
const sickMs = 15_000

/** A policy is in force this long at most, in milliseconds. */
const policyMs = 8000

/** What befalls the API server and whole processes, at moments of its own. */
export const makeFaults = (simulation: Simulation, fleet: Fleet, faults: Faults, withinMs: number): void => {
  const { apiServers, server } = simulation
  const mayContinue = (): boolean => simulation.time.now < withinMs
  const befall = (count: number, what: Parameters<typeof times>[2]): void =>
    act(simulation, mayContinue, times(count, withinMs, what))

  const someProcess = (rng: Rng): SimulatedProcess | undefined => {
    const members = fleet.members()
    return members.length > 0 ? rng.pick(members).process : undefined
  }

  befall(faults.restarts, ({ did, rng }) => {
    if (!server.up) return
    const ms = rng.int(20, downMs)
    did(`the API server is gone for ${ms} ms`)
    server.restart(ms)
  })
  befall(faults.compactions, ({ did }) => {
    did('the API server forgets its history')
    server.compact()
  })
  befall(faults.jumps, ({ did, rng }) => {
    const process = someProcess(rng)
    if (!process) return
    const ms = rng.int(-jumpMs, jumpMs)
    did(`the wall clock of ${process.name} jumps by ${ms} ms`)
    process.jump(ms)
  })
  befall(faults.freezes, ({ did, rng }) => {
    const process = someProcess(rng)
    if (!process) return
    const ms = rng.int(50, freezeMs)
    did(`${process.name} stands still for ${ms} ms`)
    process.freeze(ms)
  })
  befall(faults.policies, ({ did, rng }) => {
    const most = rng.chance(0.5) ? rng.int(0, 9) : -1
    const policy = { most, chance: rng.pick([0.5, 0.8, 1]), status: rng.pick([403, 422, 422]) }
    did(`a policy refuses counts over ${policy.most}`)
    const end = server.refuse(policy)
    simulation.time.at(rng.int(20, policyMs), () => {
      end()
      did('the policy is taken back')
    })
  })
  befall(faults.sicknesses, ({ did, rng }) => {
    const { heal, what } = apiServers.sicken(rng)
    did(what)
    simulation.time.at(rng.int(100, sickMs), () => {
      heal()
      did('an API server is well again')
    })
  })
  befall(faults.replacements, ({ rng }) => {
    const members = fleet.members()
    if (members.length > 0) fleet.replace(rng.pick(members))
  })
}
