import type { Environment, Metrics } from '../environment/environment.ts'
import { objectPath } from '../kube/paths.ts'
import { lastWordAfter, markText } from '../api/mark.ts'
import { notRun } from '../api/outcome.ts'
import type { Acting } from '../kube/acting.ts'
import { mayRun, isRemembered, type DeliveryContext } from '../record/context.ts'
import { decideBy } from '../record/ledger.ts'
import { judge } from '../record/protocol.ts'
import { MemoryDraft } from '../record/draft.ts'
import { undecidedOutcome, waitedForOther, type Ruling } from '../record/ruling.ts'
import { emptyMemory } from '../record/memory.ts'
import { needsNewest } from './batch.ts'
import { foldPosts, type Part } from './claims.ts'
import { firesOn, isReport, leaseAfter } from './leased.ts'
import { TargetQueue, type QueueServices } from './queue.ts'
import type { MakeStep, Plan, Step } from './steps.ts'
import type { Target } from './target/target.ts'
import { readTarget } from './target/read.ts'
import { targetText } from './target/text.ts'
import { TargetWatches } from './watches.ts'
import type { Waiting } from './waiting.ts'

/** How many posts may wait in one process. Each holds a connection and some 2 kB. */
const maxWaiting = 10_000

/** How many queues stay in memory, with the last versions of their targets. One with posts always stays. */
const maxRemembered = 10_000

/** All steps of a process: one queue for each target, and a limit for all of them. */
export class StepService {
  readonly #environment: Environment
  readonly #queues = new Map<string, TargetQueue>()
  readonly #shared: QueueServices
  readonly #length: ReturnType<Metrics['gauge']>
  #waiting = 0

  constructor(environment: Environment) {
    const { metrics, random } = environment
    const instance = Buffer.from(random.bytes(8)).toString('hex')
    let marks = 0
    const writes = metrics.counter('receiverhooks_step_writes_total', 'Writes of a count to a target, by result.', [
      'result',
    ])
    const posts = metrics.counter(
      'receiverhooks_steps_total',
      'Posts whose steps were in a write of a count, by the result of that write.',
      ['result'],
    )
    const evidence = metrics.counter(
      'receiverhooks_step_evidence_total',
      "Lookups in the API server's history after a lost answer or an unfinished claim, by what they showed.",
      ['evidence'],
    )
    this.#environment = environment
    this.#length = metrics.gauge('receiverhooks_step_queue_length', 'Posts waiting until their count is written.', [])
    this.#length.set({}, 0)
    this.#shared = {
      metrics: { writes, posts, looked: found => evidence.add({ evidence: found }) },
      nextMark: version => markText({ instance, number: (++marks).toString(36), lastWord: lastWordAfter(version) }),
      watches: new TargetWatches(environment),
    }
  }

  /** Returns what makes the steps of a delivery. On a dry run it only computes the result. */
  of(context: DeliveryContext): MakeStep {
    return (target, plan, bounds) => {
      const post = { context, plan, bounds }
      return context.dryRun ? preview(this.#environment, target, post) : this.#queued(target, post)
    }
  }

  /** Ends a lease, the part that `context` names. The part has its own arithmetic. */
  end(target: Target, context: DeliveryContext): Promise<Step> {
    return this.#queued(target, { context, plan: keepCount, bounds: undefined })
  }

  /** Ends the watches of targets. Steps still work. */
  close(): void {
    this.#shared.watches.close()
  }

  #queued(target: Target, post: Pick<Waiting, 'bounds' | 'context' | 'plan'>): Promise<Step> {
    const { clock } = this.#environment
    const { context } = post
    return new Promise(resolve => {
      const known = knownDuplicate(target, context, clock.now())
      if (known) return resolve(known)
      if (this.#waiting >= maxWaiting) {
        const message = `${this.#waiting} deliveries are waiting`
        return resolve({ outcome: 'unavailable', reason: 'Overloaded', message })
      }
      const leftMs = context.deadline - clock.monotonic()
      if (leftMs <= 0) {
        const message = 'its time ran out before its turn came'
        return resolve({ outcome: 'unavailable', reason: 'Contended', message })
      }
      this.#length.set({}, ++this.#waiting)
      const queue = this.#queueOf(target, context)
      const entry: Waiting = {
        ...post,
        state: 'waiting',
        answer: step => {
          this.#length.set({}, --this.#waiting)
          cancel()
          resolve(step)
        },
      }
      const cancel = clock.after(leftMs, () => queue.expire(entry))
      queue.add(entry)
    })
  }

  #queueOf(target: Target, { account }: DeliveryContext): TargetQueue {
    // Targets with equal names have one queue, even if their objects differ. No queue has the posts of
    // two accounts: one may not use what the other has read, nor write with the other's rights.
    const as = account ? ` as ${account.name}` : ''
    const key = `${objectPath(target.type, target.namespace, target.name)} ${target.at.text}${as}`
    const queue = this.#queues.get(key) ?? this.#newQueue(target, account)
    this.#queues.delete(key)
    this.#queues.set(key, queue)
    if (this.#queues.size > maxRemembered) forgetOldest(this.#queues)
    return queue
  }

  #newQueue(target: Target, account: Acting | undefined): TargetQueue {
    const environment = account ? { ...this.#environment, api: account.api } : this.#environment
    return new TargetQueue(environment, target, this.#shared, account)
  }
}

/** Keeps the count. The fold computes the end of a lease from its part, without a plan. */
const keepCount: Plan = count => count

/**
 * Returns the earlier result of a delivery if the cached record shows one. Undefined otherwise. A
 * decision never changes, so the target need not be read.
 */
const knownDuplicate = (target: Target, context: DeliveryContext, now: number): Step | undefined => {
  const known = isRemembered(context) && !context.ends ? context.ledger().known() : undefined
  if (!known) return undefined
  const judged = judge(known, context, now)
  if (judged.judgement !== 'skip' || judged.remember || 'mayBeNext' in judged) return undefined
  const lease = leaseAfter(known, context, targetText(target), judged, now)
  // The report moves the end of its lease, or shows that the lease was too short, which must be stored.
  if (lease?.moves === true || (isReport(judged) && firesOn(known, context))) return undefined
  return notRun({ ...judged, until: lease?.until })
}

/** Drops the queue without work that was used least recently, if there is one. */
const forgetOldest = (queues: Map<string, TargetQueue>): void => {
  for (const [key, queue] of queues) {
    if (queue.idle) {
      queues.delete(key)
      return
    }
  }
}

/** Returns what a step would do now, without making the step. For a dry run. */
const preview = async (
  { api, clock }: Environment,
  target: Target,
  post: Pick<Waiting, 'bounds' | 'context' | 'plan'>,
): Promise<Step> => {
  const { context } = post
  const { deadline } = context
  const found = await readTarget(context.account?.api ?? api, target)
  if (found.state === 'blocked') return { outcome: 'failed', reason: found.reason, message: found.message }
  if (found.state === 'unreachable') return { outcome: 'unavailable', reason: 'ApiUnreachable', message: found.message }
  if (!mayRun(context)) return { outcome: 'changed' }
  const { version } = found
  // Nothing is stored under this mark. It says since when the count is that of hooks.
  const mark = markText({ instance: '0', number: '0', lastWord: lastWordAfter(version) })
  const fold = (draft: MemoryDraft, now: number): Part | undefined =>
    foldPosts(draft, now, [post], { target, version, mark }).parts[0]
  if (!isRemembered(context)) return stepIn(fold(new MemoryDraft(emptyMemory), 0))
  const fresh = (draft: MemoryDraft, now: number): Ruling<Part | undefined> => {
    const result = fold(draft, now)
    return { result, needsNewest: result !== undefined && needsNewest(result) }
  }
  const judged = await decideBy(clock, deadline, context.ledger(), fresh)
  if (judged?.decided === 'stored') return stepIn(judged.result)
  return judged && judged.decided !== 'given up' ? undecidedOutcome(judged) : stepIn(undefined)
}

const stepIn = (part: Part | undefined): Step => (part?.part === 'answer' ? part.step : waitedForOther)
