import type { Identity } from '../../src/api/delivery.ts'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { type RecordLimits } from '../../src/record/memory.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Step } from '../../src/steps/steps.ts'
import { fakeClock, type FakeClock } from './clock.ts'
import { contextOf } from './deliveries.ts'
import { testEnvironment } from './environment.ts'
import type { Log } from '../../src/environment/environment.ts'
import { faultyConnection, type NetworkFault } from './faulty-connection.ts'
import { seededRandom } from './random.ts'
import { stepServer, type StepServer } from './step-server.ts'
import { isMark } from './marks.ts'
import { deploymentTarget } from './targets.ts'

/** What has to be done once: an unnamed post, or a delivery with all its copies. */
export interface ScriptedDelivery {
  readonly hook: number
  readonly named: boolean
  /** Whether each copy has a name of its own, or none, and all have one signed body, which counts once. */
  readonly signed?: boolean
  /** When it is posted, and to which process. Only the first, when it has no name. */
  readonly copies: readonly { readonly at: number; readonly process: number }[]
}

/** One history, as plain data: the same script makes the same history. */
export interface Script {
  readonly processes: number
  readonly deliveries: readonly ScriptedDelivery[]
  readonly outside: readonly { readonly at: number; readonly target: number; readonly by: number }[]
  /** Of each request in its turn; all after these are answered. */
  readonly faults: readonly NetworkFault[]
  /** Of each way in its turn, over and over. */
  readonly latencies: readonly number[]
  /** The first process never dies. */
  readonly deaths: readonly { readonly at: number; readonly process: number }[]
  /** When the history of the server is forgotten. */
  readonly compactions: readonly number[]
  readonly jumps: readonly { readonly at: number; readonly process: number; readonly ms: number }[]
}

/** Each in namespace shop; the last of them has a cooldown. */
export const hooksOfWorld = [
  { name: 'web-up', action: 'up', target: 'web', cooldownMs: 0 },
  { name: 'web-down', action: 'down', target: 'web', cooldownMs: 0 },
  { name: 'api-up', action: 'up', target: 'api', cooldownMs: 0 },
  { name: 'web-slow', action: 'up', target: 'web', cooldownMs: 3_600_000 },
] as const

const targets = ['web', 'api'] as const
const startCount = 1_000_000_000

/** A record closes pages all the time. */
const limits: RecordLimits = { rows: 4000, open: 1, page: 4 }

/** When all that can go wrong has gone wrong, and when all outcomes have been reported, in milliseconds. */
const quietAt = 12_000
const endAt = 24_000

/** How long a delivery has, and how often its sender tries again. */
const answerWithinMs = 4000
const maxRetries = 3

/** The answer to one post, or `died` if its process died. */
export interface Answered {
  readonly delivery: number
  readonly step: Step | 'died'
  readonly tookMs: number
}

/** What is to be looked at after a history. */
export interface Ended {
  readonly server: StepServer
  /** In the order of the answers. */
  readonly answered: readonly Answered[]
  /** How often each delivery was applied, by the writes that are stored. */
  readonly applied: readonly number[]
  readonly died: boolean
  /** Timers that nobody has stopped, in living processes. */
  readonly timers: number
  readonly errors: readonly string[]
}

/** Returns the size of a delivery's step. Each has its own, so that a write shows which are in it, and how often. */
const stepSizeOf = (index: number): number => 4 ** index

/** Counts how often each delivery is in these writes. */
const appliedIn = (deliveries: readonly ScriptedDelivery[], server: StepServer): number[] => {
  const applied = deliveries.map(() => 0)
  for (const { by, from, to } of server.writes) {
    if (!isMark(by)) continue
    let rest = to - from
    for (const [index, { hook }] of deliveries.entries()) {
      const size = stepSizeOf(index)
      const sign = hooksOfWorld[hook]?.action === 'down' ? -1 : 1
      const times = (((sign * (rest / size)) % 4) + 4) % 4
      rest -= sign * times * size
      applied[index] = (applied[index] ?? 0) + times
    }
    if (rest !== 0) throw new Error(`no steps add up to the write from ${from} to ${to}`)
  }
  return applied
}

/** Returns the name of a copy of a delivery. Every third of those with a signed body is named by that, as if it had no name. */
const nameOf = (index: number, { signed = false }: ScriptedDelivery, copy: number): Identity => {
  if (!signed) return { key: `delivery ${index}` }
  return copy % 3 === 0 ? { key: `body ${index}`, withinMs: 600_000 } : { key: `delivery ${index}, copy ${copy}` }
}

/** One process of the product, as far as it takes steps. */
interface Process {
  readonly clock: FakeClock
  dead: boolean
  readonly errors: string[]
  /** `copy` is a number of its own for each copy of a delivery. */
  readonly post: (index: number, delivery: ScriptedDelivery, copy: number) => Promise<Step>
}

/** One copy of a delivery on its way to a process. */
interface Sending {
  readonly index: number
  readonly delivery: ScriptedDelivery
  readonly copy: number
  readonly process: number
  readonly retries: number
}

/** Plays a script to its end. */
export const play = async (script: Script): Promise<Ended> => await new World(script).play()

/** The server, the processes and the senders of one history. */
class World {
  readonly #script: Script
  readonly #clock = fakeClock()
  readonly #server = stepServer({ web: startCount, api: startCount })
  readonly #stop = new AbortController()
  readonly #processes: readonly Process[]
  readonly #answered: Answered[] = []
  readonly #posting: Promise<void>[] = []
  #requests = 0
  #ways = 0
  #timers = 0

  constructor(script: Script) {
    this.#script = script
    for (const { name } of hooksOfWorld) this.#server.hooks.set(name, `uid of ${name}`)
    this.#processes = Array.from({ length: script.processes }, (_, number) => this.#start(number))
  }

  async play(): Promise<Ended> {
    this.#schedule()
    await this.#clock.advance(endAt)
    this.#stop.abort()
    await this.#clock.advance(5000)
    await Promise.all(this.#posting)
    return {
      server: this.#server,
      answered: this.#answered,
      applied: appliedIn(this.#script.deliveries, this.#server),
      died: this.#processes.some(({ dead }) => dead),
      timers: this.#timers,
      errors: this.#processes.flatMap(({ errors }) => errors),
    }
  }

  #schedule(): void {
    const { compactions, deaths, deliveries, jumps, outside } = this.#script
    const clock = this.#clock
    const processOf = (number: number): Process | undefined => this.#processes[number % this.#processes.length]
    for (const [index, delivery] of deliveries.entries()) {
      const { copies, named } = delivery
      for (const [copy, { at, process }] of (named ? copies : copies.slice(0, 1)).entries()) {
        this.#sendAt(at, { index, delivery, copy, process, retries: maxRetries })
      }
      // However it went, somebody asks at last, and is answered.
      if (named) this.#sendAt(quietAt + 6000, { index, delivery, copy: copies.length, process: 0, retries: 0 })
    }
    for (const { at, by, target } of outside) {
      clock.after(at, () => this.#server.outsideWrite(targets[target % 2] ?? 'web', count => count + by))
    }
    for (const at of compactions) clock.after(at, () => this.#server.compact())
    for (const { at, ms, process } of jumps) clock.after(at, () => processOf(process)?.clock.jump(ms))
    for (const { at, process } of deaths) {
      clock.after(at, () => {
        const dying = process % this.#processes.length === 0 ? undefined : processOf(process)
        if (dying) dying.dead = true
      })
    }
  }

  #sendAt(at: number, sending: Sending): void {
    this.#clock.after(at, () => void this.#posting.push(this.#send(sending)))
  }

  /** Posts as a sender does. It posts again, to a living process, after a 503 or no answer. */
  async #send(sending: Sending): Promise<void> {
    const { copy, delivery, index, process, retries } = sending
    const asked = this.#processes[process % this.#processes.length]
    const to = asked?.dead === false ? asked : this.#processes[0]
    if (!to) return
    const sentAt = this.#clock.monotonic()
    const step = await Promise.race([
      to.post(index, delivery, copy),
      new Promise<'died'>(resolve => this.#clock.after(answerWithinMs + 500, () => resolve('died'))),
    ])
    const tookMs = this.#clock.monotonic() - sentAt
    this.#answered.push({ delivery: index, step: to.dead ? 'died' : step, tookMs })
    const again = to.dead || step === 'died' || ['unavailable', 'unknown', 'failed'].includes(step.outcome)
    if (delivery.named && again && retries > 0 && this.#clock.monotonic() < quietAt)
      await this.#send({ ...sending, process: process + 1, retries: retries - 1 })
  }

  #start(number: number): Process {
    const { faults, latencies } = this.#script
    const clock = this.#clockOfProcess()
    const isQuiet = (): boolean => this.#clock.monotonic() >= quietAt
    const api = faultyConnection(clock, this.#server.handle, {
      fault: ({ method }) => {
        const fault = (isQuiet() ? undefined : faults[this.#requests++]) ?? 'answered'
        return isRefusal(fault) && method !== 'PATCH' ? 'answered' : fault
      },
      latencyMs: () => (isQuiet() ? undefined : latencies[this.#ways++ % latencies.length]) ?? 1,
      isDead: () => process.dead,
    })
    const errors: string[] = []
    const error = (fields: object, message: string): void =>
      void errors.push(
        `${message} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.stack : value))}`,
      )
    const environment = { ...testEnvironment({ api, random: seededRandom(number + 1) }), clock }
    const { log: lines } = environment
    const log: Log = {
      debug: (fields, text) => lines.debug(fields, text),
      info: (fields, text) => lines.info(fields, text),
      warn: (fields, text) => lines.warn(fields, text),
      error,
    }
    const ledgers = new Ledgers({ ...environment, log }, limits)
    void ledgers.run(this.#stop.signal)
    const poster = { clock, ledgers, service: new StepService({ ...environment, log }) }
    const post: Process['post'] = (...args) => this.#post(poster, ...args)
    const process: Process = { clock, dead: false, errors, post }
    return process
  }

  /** Returns a clock that can jump for one process alone, and whose timers are counted. */
  #clockOfProcess(): FakeClock {
    let offset = 0
    const clock = this.#clock
    return {
      ...clock,
      now: () => clock.now() + offset,
      jump: ms => (offset += ms),
      after: (ms, run) => {
        this.#timers += 1
        let waits = true
        const done = (): void => {
          if (waits) this.#timers -= 1
          waits = false
        }
        const cancel = clock.after(ms, () => {
          done()
          run()
        })
        return () => {
          done()
          cancel()
        }
      },
    }
  }

  async #post(
    { clock, ledgers, service }: Poster,
    index: number,
    delivery: ScriptedDelivery,
    copy: number,
  ): Promise<Step> {
    const { hook, named } = delivery
    const at = hooksOfWorld[hook] ?? hooksOfWorld[0]
    const identity: { identity?: Identity } = named ? { identity: nameOf(index, delivery, copy) } : {}
    const ledger = ledgers.of({ namespace: 'shop', name: at.name, uid: `uid of ${at.name}` })
    const context = contextOf({
      ledger: () => ledger,
      delivery: { phase: 'none', ...identity },
      cooldownMs: at.cooldownMs,
      dedupeWindowMs: 600_000,
      deadline: this.#clock.monotonic() + answerWithinMs,
      ...(delivery.signed && { signed: { body: `body ${index}`, withinMs: 600_000 } }),
    })
    const by = { count: stepSizeOf(index) }
    const plan = moveWithin({ action: at.action, by, min: 0, max: 2 * startCount, overshoot: 'clamp' })
    const step = await service.of(context)(deploymentTarget(at.target), plan)
    const outcome = outcomeOf(step)
    if (outcome) ledger.note({ at: clock.now(), sender: 'plain', outcome, reason: 'Stepped' })
    return step
  }
}

/** What a process posts with. */
interface Poster {
  readonly clock: FakeClock
  readonly ledgers: Ledgers
  readonly service: StepService
}

/** Returns whether a policy of the cluster refuses the request. It refuses writes of a count alone. */
const isRefusal = (fault: NetworkFault): boolean =>
  typeof fault === 'object' && 'declined' in fault && [403, 422].includes(fault.declined.status)

const outcomeOf = ({ outcome }: Step): 'applied' | 'skipped' | undefined =>
  outcome === 'done' ? 'applied' : outcome === 'skipped' ? 'skipped' : undefined

/** Returns what of the promises this history has broken, in words. */
export const broken = (
  { deliveries }: Script,
  { applied, died, errors, server, timers, answered }: Ended,
): string[] => {
  const found = errors.filter(error => !error.startsWith('nobody knows whether a step was made'))
  const slowRuns = deliveries.reduce(
    (sum, { hook }, index) => sum + (hooksOfWorld[hook]?.cooldownMs === 0 ? 0 : (applied[index] ?? 0)),
    0,
  )
  if (slowRuns > 1) found.push(`the hook with a cooldown ran ${slowRuns} times in it`)
  for (const [index, { hook, named }] of deliveries.entries()) {
    const times = applied[index] ?? 0
    const answers = answered.filter(({ delivery }) => delivery === index)
    const all = answers.map(({ step }) => (step === 'died' ? step : JSON.stringify(step))).join(', ')
    const report = (what: string): void =>
      void found.push(`delivery ${index} ${what}; applied ${times} times; answered ${all}`)
    const cools = hooksOfWorld[hook]?.cooldownMs !== 0
    if (times > 1) report('was doubled')
    if (answers.some(({ step }) => isDone(step)) && times !== 1) report('was answered as done')
    const wrong = answers.find(({ step }) => isDone(step) && Math.abs(step.to - step.from) !== stepSizeOf(index))
    if (wrong) report('was answered with a step of another size')
    const certainlyNot = answers.every(({ step }) => step !== 'died' && step.outcome !== 'unknown' && !isDone(step))
    if (!named && certainlyNot && times > 0) report('changed something, and was answered that it did not')
    const last = answers.at(-1)?.step
    if (named && (last === undefined || last === 'died' || !['done', 'skipped'].includes(last.outcome))) {
      report('has no answer at last')
    }
    const isUnknown = answers.some(
      ({ step }) => step !== 'died' && 'reason' in step && step.reason === 'OutcomeUnknown',
    )
    if (named && !cools && times !== 1 && !isUnknown) report('was not applied although it was answered at last')
    if (answers.some(({ tookMs, step }) => step !== 'died' && tookMs > answerWithinMs)) report('was answered too late')
  }
  if (timers > 0) found.push(`${timers} timers are left`)
  for (const [number, { name }] of hooksOfWorld.entries()) {
    if (died) break
    const answers = answered.filter(({ step, delivery }) => deliveries[delivery]?.hook === number && step !== 'died')
    for (const outcome of ['applied', 'skipped'] as const) {
      const wanted = answers.filter(({ step }) => step !== 'died' && outcomeOf(step) === outcome).length
      const counted = server.memory(name)?.counts[outcome] ?? 0
      if (counted !== wanted) found.push(`${name} counts ${counted} ${outcome}, and ${wanted} were answered so`)
    }
  }
  return found
}

const isDone = (step: Answered['step']): step is Extract<Step, { outcome: 'done' }> =>
  step !== 'died' && step.outcome === 'done'
