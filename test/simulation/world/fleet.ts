import { Controller } from '../../../src/controller/controller.ts'
import { followIn } from '../../../src/kube/follow.ts'
import type { History } from '../../../src/kube/lease-history.ts'
import { historyOf, withoutDoubt } from '../../../src/kube/lease-history.ts'
import { verdictOf } from '../../../src/operations/checks.ts'
import type { Endpoint } from '../../../src/trigger/answer.ts'
import { defaultLimits, type RecordLimits } from '../../../src/record/memory.ts'
import { endsAfterMs } from '../../../src/roles.ts'
import { issuerKeysOf } from '../../../src/token/issuer-keys.ts'
import { controllerLease } from '../../../src/token/published.ts'
import { triggerRole } from '../../../src/trigger/trigger.ts'
import { noFaults } from '../faults.ts'
import { issuerURL } from '../issuer.ts'
import { createProcess } from '../process.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedProcess, Simulation } from '../simulation.ts'
import { system } from './paths.ts'

/** A process with one role in it. */
export interface Member {
  readonly process: SimulatedProcess
  readonly role: 'controller' | 'trigger'
  ready(): boolean
  /** Of a trigger alone. */
  readonly endpoint: Endpoint | undefined
  /** Whether posts may be sent to it. */
  serving: boolean
  /** Posts that it has not answered yet. */
  open: number
  /** Makes it end in order. */
  readonly stop: () => void
}

/** The processes of the product. One that has crashed or ended comes back, with nothing that it knew. */
export interface Fleet {
  /** Those that are alive. */
  readonly members: () => readonly Member[]
  /** Takes one out of service, lets it finish, and ends it; another takes its place. */
  replace(member: Member): void
}

/** What trigger URLs begin with. */
const publicURL = 'https://hooks.example.com'

/** How long until a process that is gone is there again, in milliseconds. */
const backMs = { least: 20, most: 3000 }

/** How long a process that is to stop finishes what it has accepted, in milliseconds. */
const drainMs = 5_000

/** How often a process that is to stop looks whether it has, in milliseconds. */
const drainLookMs = 50

export const startFleet = (
  simulation: Simulation,
  size: {
    readonly controllers: number
    readonly triggers: number
    readonly readsLease?: boolean
    readonly runsRequests?: boolean
  },
): Fleet => {
  const { note, rng } = simulation
  const records = limitsOf(rng)
  const seats = new Map<string, Member>()

  const start = (seat: string, role: Member['role'], life: number): void => {
    const process = createProcess(simulation, `${seat}.${life}`)
    const stop = new AbortController()
    const history =
      size.readsLease === true ? historyOf(process.environment, { ...lease, marks: role === 'controller' }) : undefined
    const isIssued = simulation.issuer !== undefined
    const started = startRole(role, process, { records, history, isIssued, runsRequests: size.runsRequests === true })
    seats.set(seat, { process, role, ...started, serving: true, open: 0, stop: () => stop.abort() })
    process.onEnd(() => {
      seats.delete(seat)
      const again = simulation.faults() === noFaults ? backMs.least : rng.int(backMs.least, backMs.most)
      simulation.time.at(again, () => start(seat, role, life + 1))
    })
    if (history) endWithHistory(process, history, stop.signal)
    started.run(stop.signal).then(
      () => process.end(),
      (error: unknown) => note({ what: 'broken', why: `${process.name} failed: ${String(error)}` }),
    )
  }

  for (let index = 0; index < size.controllers; index++) start(`controller-${index}`, 'controller', 0)
  for (let index = 0; index < size.triggers; index++) start(`trigger-${index}`, 'trigger', 0)

  return {
    members: () => [...seats.values()],
    replace: member => {
      if (!member.serving || !member.process.alive) return
      member.serving = false
      note({ what: 'world', did: `${member.process.name} is to end` })
      const began = simulation.time.now
      const look = (): void => {
        if (member.open === 0 || simulation.time.now - began >= drainMs) member.stop()
        else member.process.after(drainLookMs, look)
      }
      look()
    },
  }
}

/** A hook is sent a dozen names in a history, so that pages are small: all processes agree on how large. */
const limitsOf = (rng: Rng): RecordLimits =>
  rng.pick([defaultLimits, { ...defaultLimits, open: 1, page: 4 }, { ...defaultLimits, open: 2, page: 8 }])

const lease = { namespace: system, name: controllerLease }

/** As the program does. */
const endWithHistory = (process: SimulatedProcess, history: History, stop: AbortSignal): void => {
  void history.run(stop).then(ending => {
    if (ending === 'went back') process.after(endsAfterMs, () => process.crash())
  })
}

const startRole = (
  role: Member['role'],
  { environment: given, name }: SimulatedProcess,
  {
    history,
    isIssued,
    records,
    runsRequests,
  }: {
    readonly records: RecordLimits
    readonly history: History | undefined
    /** Whether hooks may name the issuer. */
    readonly isIssued: boolean
    /** Whether triggers run what people ask for. */
    readonly runsRequests: boolean
  },
): Pick<Member, 'ready' | 'endpoint'> & { run(stop: AbortSignal): Promise<void> } => {
  const environment = history ? { ...given, api: withoutDoubt(given.api, history) } : given
  const issuers = isIssued ? issuerKeysOf(environment, [{ url: issuerURL, keys: undefined }]) : undefined
  const shared = {
    namespace: system,
    ...(issuers && { issuers }),
    ...(history && { history, follow: followIn(history) }),
  }
  const trigger = role === 'trigger' ? triggerRole(environment, { ...shared, records, runsRequests }) : undefined
  // The world does what the admission policies do, so the controller looks for none.
  const guarding = runsRequests ? { requestPolicies: [] } : {}
  const started = trigger ?? new Controller(environment, { ...shared, ...guarding, identity: name, publicURL })
  const run = async (stop: AbortSignal): Promise<void> => {
    await Promise.all([started.run(stop), issuers?.run(stop)])
  }
  return {
    endpoint: trigger?.endpoint,
    run: issuers ? run : stop => started.run(stop),
    ready: () => verdictOf(started.checks).passed,
  }
}
