import type { Environment } from '../environment/environment.ts'
import { onceFor } from '../environment/once-for.ts'
import { within } from '../environment/wait.ts'
import type { Wrote } from '../kube/metered.ts'
import { objectPath } from '../kube/paths.ts'
import { judge } from '../record/judge.ts'
import type { Recorded } from '../record/ledger.ts'
import { emptyMemory, type Memory } from '../record/memory.ts'
import { stepOf, type Waiting } from './batch.ts'
import { claim, type Part } from './claims.ts'
import { targetQueue, type QueueServices, type TargetQueue } from './queue.ts'
import type { Plan, Step, Steps, Target, UndoPlan } from './steps.ts'
import { readTarget } from './target/read.ts'
import { targetWatches } from './target/watches.ts'

/** How many posts may wait in one process. Each holds a connection and some 2 kB. */
const mostWaiting = 10_000

/** How many targets keep their last version in memory while nobody posts for them. */
const mostRemembered = 10_000

/** A delivery that was admitted, as far as its steps are concerned. */
export interface Admitted {
  /** When it has to be answered, in monotonic milliseconds. */
  readonly deadline: number
  /** True while its hook is as it was when the delivery was admitted. No step is made of it once this is false. */
  readonly isCurrent: () => boolean
  /** Present where its hook's record has a say in it. */
  readonly recorded?: Recorded | undefined
  /** Is told its share of what is written. */
  readonly wrote?: Wrote
}

/** The steps of one process: one queue a target, and the bound over all of them. */
export interface StepService {
  /** Makes the steps of a delivery. */
  of(admitted: Admitted): Steps
  /** Tells what the steps of a delivery would do now, and changes nothing. */
  preview(admitted: Admitted): Steps
  /** Ends the watches of targets. Steps are made as before. */
  close(): void
}

export const stepService = (environment: Environment): StepService => {
  const { clock, metrics, random } = environment
  const queues = new Map<string, TargetQueue>()
  const instance = Buffer.from(random.bytes(8)).toString('hex')
  let marks = 0
  let waiting = 0
  const writes = metrics.counter('receiverhooks_step_writes_total', 'Writes of a count to a target, by result.', [
    'result',
  ])
  const posts = metrics.counter(
    'receiverhooks_steps_total',
    'Posts whose steps were in a write of a count, by the result of the write.',
    ['result'],
  )

  const evidence = metrics.counter(
    'receiverhooks_step_evidence_total',
    "Lookups in the API server's history after a lost answer or an unfinished claim, by what they showed.",
    ['evidence'],
  )

  const line = metrics.gauge('receiverhooks_step_queue_length', 'Posts that wait until their count is written.', [])
  line.set({}, 0)

  /**
   * Makes a field manager that no other write has: the instance is random, and its count only rises. People read it in the
   * conflicts of their own applies, so it begins with the product's name.
   */
  const nextMark = (): string => `receiver-hooks.${instance}.${(++marks).toString(36)}`

  const watches = targetWatches(environment)
  const services: QueueServices = {
    metrics: {
      count: (result, folded) => {
        writes.add({ result })
        posts.add({ result }, folded)
      },
      looked: found => evidence.add({ evidence: found }),
    },
    nextMark,
    watches,
  }

  const queueOf = (target: Target): TargetQueue => {
    const key = keyOf(target)
    const queue = queues.get(key) ?? targetQueue(environment, target, services)
    queues.delete(key)
    queues.set(key, queue)
    if (queues.size > mostRemembered) forgetOldest(queues)
    return queue
  }

  const change = (
    target: Target,
    plan: Plan | UndoPlan,
    { deadline, isCurrent, recorded, wrote }: Admitted,
  ): Promise<Step> =>
    new Promise(resolve => {
      const known = recorded && knownDuplicate(recorded, clock.now())
      if (known) return resolve(known)
      if (waiting >= mostWaiting) {
        return resolve({ step: 'unavailable', reason: 'Overloaded', message: `${waiting} deliveries are waiting` })
      }
      if (deadline <= clock.monotonic()) {
        return resolve({ step: 'unavailable', reason: 'Contended', message: 'its time was over before its turn came' })
      }
      waiting += 1
      line.set({}, waiting)
      const queue = queueOf(target)
      const entry: Waiting = {
        plan,
        isCurrent,
        ...(recorded && { recorded }),
        ...(wrote && { wrote }),
        state: 'waiting',
        settle: step => {
          waiting -= 1
          line.set({}, waiting)
          cancel()
          resolve(step)
        },
      }
      const cancel = clock.after(Math.max(0, deadline - clock.monotonic()), () => queue.expire(entry))
      queue.add(entry)
    })

  return {
    of: admitted => {
      const step = (target: Target, plan: Plan | UndoPlan): Promise<Step> => change(target, plan, admitted)
      return { change: step, undo: step }
    },
    preview: admitted => {
      const step = (target: Target, plan: Plan | UndoPlan): Promise<Step> =>
        preview(environment, target, plan, admitted)
      return { change: step, undo: step }
    },
    close: () => watches.close(),
  }
}

/** What was decided stays so, however old what is known here may be: the target need not be looked at. */
const knownDuplicate = ({ ledger, ...remembered }: Recorded, now: number): Step | undefined => {
  const memory = ledger.known()
  const judged = memory && judge(memory, remembered, now)
  if (judged?.judgement !== 'skip' || judged.remember) return undefined
  return { step: 'skipped', reason: judged.reason, message: judged.message }
}

/** By what a target's queue is found: two targets of the same names are one. */
const keyOf = onceFor(({ at, name, namespace, type }: Target) => `${objectPath(type, namespace, name)} ${at.text}`)

/** The queues stand in the order of their last use; one at work must stay. */
const forgetOldest = (queues: Map<string, TargetQueue>): void => {
  for (const [key, queue] of queues) {
    if (queue.idle) {
      queues.delete(key)
      return
    }
  }
}

/** What a step would be now, without its being made. */
const preview = async (
  { api, clock }: Environment,
  target: Target,
  plan: Plan | UndoPlan,
  { deadline, isCurrent, recorded }: Admitted,
): Promise<Step> => {
  const found = await readTarget(api, target)
  if (found.state === 'obstacle') return { step: 'failed', reason: found.reason, message: found.message }
  if (found.state === 'unreachable') return { step: 'unavailable', reason: 'ApiUnreachable', message: found.message }
  if (!isCurrent()) return { step: 'changed' }
  const { version } = found
  const fold = (memory: Memory, now: number): Part | undefined =>
    claim(memory, now, [{ plan, ...(recorded && { remembered: recorded }) }], { target, version, mark: '' }).parts[0]
  if (!recorded) return previewed(fold(emptyMemory, 0))
  const goOn = (): boolean => clock.monotonic() < deadline
  const deciding = recorded.ledger.decide((memory, now) => ({ memory, result: fold(memory, now) }), { goOn })
  const judged = await within(clock, deadline - clock.monotonic(), deciding)
  if (judged?.decided === 'gone') return { step: 'changed' }
  if (judged?.decided === 'newer') return { step: 'unavailable', reason: 'RecordTooNew', message: judged.message }
  return previewed(judged?.decided === 'stored' ? judged.result : undefined)
}

const previewed = (part: Part | undefined): Step =>
  part === undefined || part.part === 'help' || part.part === 'wait'
    ? { step: 'unavailable', reason: 'Contended', message: 'another delivery of this hook is not finished yet' }
    : stepOf(part)
