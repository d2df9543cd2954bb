import { actService } from '../../src/acts/once.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import { has } from '../../src/api/guard.ts'
import { keyOf } from '../../src/api/hash.ts'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { redeploy } from '../../src/drivers/redeploy/redeploy.ts'
import { redeploySchema } from '../../src/drivers/redeploy/schema.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { claimSettler } from '../../src/steps/settle-claim.ts'
import { seededChance, type Chance } from '../senders/mutations.ts'
import { fakeClock } from '../support/clock.ts'
import { contextOf } from '../support/deliveries.ts'
import { noDefinitions, noOutbound, testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { seededRandom } from '../support/random.ts'
import { spoiled, wrongConnections, type Mistake } from './rollout-mistakes.ts'
import { RolloutServer, workloads } from './rollout-server.ts'

const deliveries = 7
const member: unknown = { selector: {}, tags: { glob: '*' }, pin: 'tag', withoutImage: 'skip' }

/** Returns whether the copies of a delivery have one signed body, and a name each. Of every third delivery they do. */
const isSigned = (number: number): boolean => number % 3 === 0

/**
 * Runs one history, and returns what is wrong in it. Three processes roll out, with crashes, lost and late answers
 * and copies, while another client writes.
 */
export const history = async (seed: number, mistake: Mistake): Promise<readonly string[]> =>
  await new RolloutHistory(seed, mistake).run()

/** Returns a copy of a delivery, with or without the time of its push. */
const deliveryOf = (number: number, copy: number): Delivery => {
  const pushedAt = Date.UTC(2020, 0, 1) + number * 700
  const isTimed = number % 2 === 1
  return {
    sender: 'image',
    phase: 'none',
    identity: {
      key: isSigned(number) ? `d${number}/${copy}` : `d${number}`,
      newsAt: isTimed ? pushedAt : 0,
    },
    pushes: [{ host: 'docker.io', path: 'acme/app', tag: `t${number}`, ...(isTimed && { at: pushedAt }) }],
  }
}

interface Answered {
  readonly delivery: number
  readonly outcome: Outcome | 'died'
}

class RolloutHistory {
  readonly #mistake: Mistake
  readonly #chance: Chance
  /** Other histories draw nothing from this chance. */
  readonly #undoing: Chance
  readonly #clock = fakeClock()
  readonly #server: RolloutServer
  readonly #stop = new AbortController()
  readonly #processes
  readonly #answers: Answered[] = []
  /** The newest label that another client gave each workload. */
  readonly #labels = new Map<string, string>()
  #names = 0

  constructor(seed: number, mistake: Mistake) {
    this.#mistake = mistake
    this.#chance = seededChance(seed)
    this.#undoing = seededChance(seed + 1_000_003)
    this.#server = new RolloutServer(this.#clock, seed)
    this.#processes = [0, 1, 2].map(number => this.#start(seed * 7 + number))
  }

  async run(): Promise<readonly string[]> {
    this.#schedule()
    for (let passed = 0; passed < 75_000; passed += 50) await this.#clock.advance(50)
    this.#stop.abort()
    await this.#clock.advance(3000)
    return [...this.#server.wrong, ...this.#wrongInWorkloads(), ...this.#wrongInRecord()]
  }

  #start(seed: number) {
    const clock = this.#clock
    let dead = false
    const way = faultyConnection(clock, this.#server.handle, {
      fault: () => this.#fault(),
      isDead: () => dead,
      latencyMs: () => this.#chance(60),
    })
    const api = (wrongConnections[this.#mistake] ?? (right => right))(way)
    const environment = testEnvironment({ api: way, clock, random: seededRandom(seed) })
    const ledgers = new Ledgers(environment)
    void ledgers.run(this.#stop.signal)
    return {
      api,
      ledgers,
      acts: actService(environment, context => claimSettler(context, environment)),
      die: () => (dead = true),
      isAlive: () => !dead,
    }
  }

  #fault(): NetworkFault {
    if (this.#clock.monotonic() > 14_000) return 'answered'
    const drawn = this.#chance(100)
    if (drawn < 78) return 'answered'
    if (drawn < 87) return 'answer lost'
    if (drawn < 92) return 'lost on its way'
    if (drawn < 95) return 'never arrives'
    if (drawn < 98) return { landsAfter: this.#chance(3000) }
    return { saysInstead: { status: 500, headers: {}, body: '{"kind":"Status","message":"an error"}' } }
  }

  #schedule(): void {
    const chance = this.#chance
    const clock = this.#clock
    for (let number = 0; number < deliveries; number++) {
      const when = chance(6000)
      for (let copy = 0; copy <= chance(3); copy++)
        clock.after(when + chance(2500), () => void this.#post(number, copy, chance(3), 6))
    }
    for (const number of [1, 2])
      if (chance(10) < 7) clock.after(chance(9000), () => void this.#processes[number]?.die())
    for (let edit = 0; edit < 8; edit++) {
      const name = workloads[chance(workloads.length)] ?? ''
      clock.after(chance(9000), () => {
        this.#labels.set(name, String(edit))
        this.#server.label(name, String(edit))
      })
    }
    for (let back = 0; back < 4; back++) {
      const name = workloads[this.#undoing(workloads.length)] ?? ''
      if (this.#undoing(10) < 4) clock.after(this.#undoing(12_000), () => this.#server.undo(name))
    }
  }

  async #post(number: number, copy: number, process: number, retries: number): Promise<void> {
    const by = this.#processes[process % 3]
    const again = (ms: number): void =>
      void (retries > 0 && this.#clock.after(ms, () => void this.#post(number, copy, this.#chance(3), retries - 1)))
    if (!by?.isAlive()) return again(1500)
    const delivery = deliveryOf(number, copy)
    const signed = isSigned(number) ? { body: `body of d${number}`, withinMs: 600_000 } : undefined
    const hook = { namespace: 'shop', name: 'push', uid: this.#server.uid }
    const ledger = by.ledgers.of(hook)
    const acts = by.acts.of(
      contextOf({ hook, delivery, signed, deadline: this.#clock.monotonic() + 4000, ledger: () => ledger }),
    )
    if (!has(redeploySchema, member)) throw new Error('the member of the hook is none')
    const outcome = await Promise.race([
      redeploy.execute(member)(delivery, {
        hook,
        step: () => Promise.reject(new Error('no step')),
        stepOfPart: () => () => Promise.reject(new Error('no step')),
        acts: spoiled(acts, this.#mistake, () => `name-${(this.#names += 1)}`),
        api: by.api,
        countKept: () => true,
        charge: () => {},
        outbound: noOutbound,
        post: { body: new Uint8Array(), headers: {}, query: new URLSearchParams() },
        clock: this.#clock,
        definitions: noDefinitions,
      }),
      new Promise<'died'>(resolve => {
        const look = (): void => void (by.isAlive() ? this.#clock.after(100, look) : resolve('died'))
        look()
      }),
    ])
    this.#answers.push({ delivery: number, outcome })
    if (outcome === 'died' || outcome.outcome === 'unavailable') again(500 + this.#chance(2500))
  }

  #wrongInWorkloads(): readonly string[] {
    const { stored } = this.#server
    const wrong: string[] = []
    const seen = new Set<string>()
    for (const { id, workload } of stored) {
      if (seen.has(`${workload} ${id}`)) wrong.push(`${workload} got one push twice`)
      seen.add(`${workload} ${id}`)
    }
    for (const workload of workloads) {
      const times = stored.filter(write => write.workload === workload).map(({ at }) => at)
      if (times.some((time, index) => time < (times[index - 1] ?? 0))) wrong.push(`${workload} went back in time`)
    }
    for (const [name, label] of this.#labels) {
      if (this.#server.labelOf(name) !== label) wrong.push(`${name} lost what somebody else wrote`)
    }
    return wrong
  }

  /** Lists what is wrong with deliveries that were answered as applied. A copy does the rest of an act that a crash left. */
  #wrongInRecord(): readonly string[] {
    const wrong: string[] = []
    const { stored, undone } = this.#server
    const rows = this.#server.rows()
    const answered = new Set(
      this.#answers.flatMap(({ delivery, outcome }) =>
        outcome !== 'died' && outcome.outcome === 'applied' ? [delivery] : [],
      ),
    )
    for (const number of answered) {
      const row = rows.find(
        one => stringAt(one, 'key') === keyOf(`d${number}`) || stringAt(one, 'body') === `body of d${number}`,
      )
      if (!isObject(row)) {
        wrong.push(`d${number} was answered and is forgotten`)
        continue
      }
      // Another process may have taken the push up, and decided it later than the first one wrote some workloads.
      const writtenAt = stored.filter(write => write.id === `acme/app:t${number}`).map(write => write.at)
      const pushedAt = Number(at(row, 'newsAt') ?? 0) || Math.min(Number(at(row, 'at')), ...writtenAt)
      for (const workload of workloads) {
        const isLater = [...stored, ...undone].some(write => write.workload === workload && write.at >= pushedAt)
        if (!isLater) {
          wrong.push(`d${number} was answered, and ${workload} has neither it nor a later one, nor was rolled back`)
        }
      }
    }
    return wrong
  }
}
