import { emptyMemory, type Memory } from '../api/record.ts'
import type { Environment } from '../environment/environment.ts'
import { within } from '../environment/wait.ts'
import { objectPath } from '../kube/paths.ts'
import { stepOf, type Recorded, type Waiting } from './batch.ts'
import { claim, type Part } from './claims.ts'
import { judge } from './judge.ts'
import { targetQueue, type TargetQueue } from './queue.ts'
import { readTarget } from './read.ts'
import { changedMeanwhile, type Plan, type Step, type Steps, type Target, type UndoPlan } from './steps.ts'

/** How many posts may wait in one process. Each holds a connection and some 2 kB. */
const mostWaiting = 10_000

/** How many targets keep their last version in memory while nobody posts for them. */
const mostRemembered = 10_000

/** The steps of one process: one queue a target, and the bound over all of them. */
export interface StepService {
  /**
   * The steps of one delivery, which must be answered at `deadline` (monotonic, milliseconds). `recorded` where its
   * hook's memory has a say in it.
   */
  until(deadline: number, recorded?: Recorded): Steps
  /** The same steps, which change nothing: what they would do now. */
  preview(deadline: number, recorded?: Recorded): Steps
}

export const stepService = (environment: Environment): StepService => {
  const { clock, metrics, random } = environment
  const queues = new Map<string, TargetQueue>()
  const instance = Buffer.from(random.bytes(8)).toString('hex')
  let marks = 0
  let waiting = 0
  const writes = metrics.counter(
    'receiverhooks_step_writes_total',
    'Writes of a count to a target, by what became of them.',
    ['result'],
  )
  const posts = metrics.counter(
    'receiverhooks_steps_total',
    'Posts that were folded into writes of a count, by what became of the write.',
    ['result'],
  )

  const evidence = metrics.counter(
    'receiverhooks_step_evidence_total',
    "Looks at the API server's history after an answer was lost or a claim was met, by what they showed.",
    ['evidence'],
  )

  /** No other write has this field manager: the instance is random, and its count only rises. */
  const nextMark = (): string => `rhook.${instance}.${(++marks).toString(36)}`

  const queueOf = (target: Target): TargetQueue => {
    const key = objectPath(target.type, target.namespace, target.name)
    const queue =
      queues.get(key) ??
      targetQueue(environment, target, nextMark, {
        count: (result, folded) => {
          writes.add({ result })
          posts.add({ result }, folded)
        },
        looked: found => evidence.add({ evidence: found }),
      })
    queues.delete(key)
    queues.set(key, queue)
    if (queues.size > mostRemembered) forgetOldest(queues)
    return queue
  }

  const change = (
    target: Target,
    plan: Plan | UndoPlan,
    deadline: number,
    recorded: Recorded | undefined,
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
      const queue = queueOf(target)
      const entry: Waiting = {
        plan,
        ...(recorded && { recorded }),
        state: 'waiting',
        settle: step => {
          waiting -= 1
          cancel()
          resolve(step)
        },
      }
      const cancel = clock.after(Math.max(0, deadline - clock.monotonic()), () => queue.expire(entry))
      queue.add(entry)
    })

  return {
    until: (deadline, recorded) => {
      const step = (target: Target, plan: Plan | UndoPlan): Promise<Step> => change(target, plan, deadline, recorded)
      return { change: step, undo: step }
    },
    preview: (deadline, recorded) => {
      const step = (target: Target, plan: Plan | UndoPlan): Promise<Step> =>
        preview(environment, target, plan, recorded, deadline)
      return { change: step, undo: step }
    },
  }
}

/** What was decided stays so, however old what is known here may be: the target need not be looked at. */
const knownDuplicate = ({ ledger, ...remembered }: Recorded, now: number): Step | undefined => {
  const memory = ledger.known()
  const judged = memory && judge(memory, remembered, now)
  if (judged?.judgement !== 'skip' || judged.remember) return undefined
  return { step: 'skipped', reason: judged.reason, message: judged.message }
}

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
  recorded: Recorded | undefined,
  deadline: number,
): Promise<Step> => {
  const found = await readTarget(api, target)
  if (found.state === 'obstacle') return { step: 'failed', reason: found.reason, message: found.message }
  if (found.state === 'unreachable') return { step: 'unavailable', reason: 'ApiUnreachable', message: found.message }
  const { version } = found
  const fold = (memory: Memory, now: number): Part | undefined =>
    claim(memory, now, [{ plan, ...(recorded && { remembered: recorded }) }], { target, version, mark: '' }).parts[0]
  if (!recorded) return previewed(fold(emptyMemory, 0))
  const goOn = (): boolean => clock.monotonic() < deadline
  const deciding = recorded.ledger.decide((memory, now) => ({ memory, result: fold(memory, now) }), { goOn })
  const judged = await within(clock, deadline - clock.monotonic(), deciding)
  if (judged?.decided === 'gone') return { step: 'refused', refused: changedMeanwhile, from: version.count }
  return previewed(judged?.decided === 'stored' ? judged.result : undefined)
}

const previewed = (part: Part | undefined): Step =>
  part === undefined || part.part === 'help' || part.part === 'wait'
    ? { step: 'unavailable', reason: 'Contended', message: 'another delivery of this hook is not finished yet' }
    : stepOf(part)
