import type { Environment } from '../environment/environment.ts'
import type { Acting } from '../kube/acting.ts'
import { forbiddenTries } from '../kube/written.ts'
import { refusedAt } from '../record/protocol.ts'
import { isRemembered } from '../record/judge.ts'
import type { DeliveryContext } from '../record/context.ts'
import type { Ledger } from '../record/ledger.ts'
import { foldBatch, type Batch, type Fold } from './batch.ts'
import { Helper } from './help.ts'
import { CachedVersion } from './cached-version.ts'
import { answerPost, isNamed, PostQueue, type Waiting } from './post-queue.ts'
import { QueueBackoff } from './queue-backoff.ts'
import type { Step } from './steps.ts'
import type { Target, Version } from './target/target.ts'
import { readTarget } from './target/read.ts'
import { supposedBytes } from './target/write.ts'
import type { TargetWatch, TargetWatches } from './target/watches.ts'
import { BatchWriter, type QueueMetrics } from './writer.ts'

/**
 * The maximum number of posts in one claim. With their reports of alerts, 100 posts take up to 150
 * kB of the record's megabyte, and every process may have such a claim.
 */
const maxClaimed = 100

/** What all queues of a process share. */
export interface QueueServices {
  readonly metrics: QueueMetrics
  /** Returns a mark, which no other write has, for a write that replaces this version. */
  readonly nextMark: (version: Version) => string
  readonly watches: TargetWatches
}

/**
 * The queue of one target, with group commit: while one write is in flight, other posts wait. Then
 * all that wait are folded in order into the next marked write.
 */
export class TargetQueue {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #target: Target
  readonly #nextMark: QueueServices['nextMark']
  readonly #posts = new PostQueue()
  readonly #cached: CachedVersion
  readonly #watch: TargetWatch
  readonly #waits: QueueBackoff
  readonly #helper: Helper
  readonly #writer: BatchWriter
  /**
   * The posts of the current turn. Empty between turns, because a queue is kept longer than its
   * posts.
   */
  #current: readonly Waiting[] = []
  /** Charges the posts of a turn in equal parts for everything that it writes, including fences. */
  readonly #accounting = {
    objectBytes: supposedBytes,
    charge: (bytes: number): void => {
      for (const { context } of this.#current) context.charge(bytes / this.#current.length)
    },
  }
  #running = false
  /** How many reads in a row were forbidden. */
  #forbidden = 0

  constructor(
    environment: Pick<Environment, 'api' | 'clock' | 'log'>,
    target: Target,
    { metrics, nextMark, watches }: QueueServices,
    account: Acting | undefined,
  ) {
    this.#environment = environment
    this.#target = target
    this.#nextMark = nextMark
    const cached = (this.#cached = new CachedVersion(environment.clock))
    this.#watch = watches.of(target, cached, account)
    const waits = (this.#waits = new QueueBackoff(environment.clock))
    const helper = (this.#helper = new Helper(environment, target, cached, waits, metrics.looked, this.#accounting))
    const parts = { posts: this.#posts, cached, waits, helper, accounting: this.#accounting }
    this.#writer = new BatchWriter(environment, target, parts, metrics, entry => this.expire(entry))
  }

  add(entry: Waiting): void {
    this.#posts.add(entry)
    if (!this.#running) void this.#run()
  }

  /**
   * Ends a post's wait when its time is over. The answer depends on whether a write contains the
   * post. The entry stays in the queue and is skipped at the next fold: removing ten thousand one
   * by one would take a second.
   */
  expire(entry: Waiting): void {
    giveUp(entry, unavailable(this.#waits.problem))
  }

  get idle(): boolean {
    return !this.#running
  }

  async #run(): Promise<void> {
    const { log } = this.#environment
    const { name, namespace } = this.#target
    this.#running = true
    try {
      while (this.#posts.length > 0) await this.#turn()
    } catch (error) {
      // A plan or a connection violated its contract. All waiting posts are answered now.
      log.error({ target: name, namespace, error }, 'a step failed in a way it never should')
      for (const entry of [...this.#current, ...this.#posts.waiting()]) giveUp(entry, internalError)
      this.#posts.take(this.#posts.waiting())
    } finally {
      this.#current = []
      this.#running = false
      this.#helper.rest()
    }
  }

  /** Makes one write, or answers posts that need none. */
  async #turn(): Promise<void> {
    const [queued, cached, helper, target] = [this.#posts, this.#cached, this.#helper, this.#target]
    const usable = cached.take(queued.waiting().some(({ context }) => isRemembered(context)))
    const asked = usable ? [] : queued.waiting()
    const version = usable ?? (await this.#read(asked))
    if (!version) return
    this.#watch.used(version)
    this.#current = queued.waiting()
    const ledger = ledgerOf(this.#current)
    if (ledger && helper.isCrowded(ledger, version) && (await helper.fenceOff(ledger, version)) !== 'no') return
    const posts = (this.#current = together(this.#current, ledger))
    queued.take(posts)
    const mark = this.#nextMark(version)
    const batch = await this.#fold(posts, { target, version, mark, asked: new Set(asked) }, ledger)
    if (batch) {
      for (const entry of batch.changed) answerPost(entry, { step: 'changed' })
      if (ledger && batch.parts.some(({ part }) => part === 'full')) {
        const now = this.#environment.clock.now()
        ledger.later(draft => refusedAt(draft, now))
      }
      if (batch.entries.length < posts.length) {
        const included = new Set(batch.entries)
        queued.putBack(posts.filter(entry => !included.has(entry)))
      }
      if (batch.changed.length === posts.length) return
      if (batch.isWritten) await this.#writer.write({ batch, mark, from: version, afterRead: !usable, ledger })
      else {
        // All posts are at their bounds, or their steps cancel out. A write of an unchanged count
        // would only leave one more mark.
        if (usable) cached.forget()
        await this.#writer.answer(batch, version, ledger)
      }
    }
    // This is last: the claims that blocked this turn are finished by now. The other claims are
    // checked here.
    if (ledger) void helper.tidy(ledger)
  }

  /**
   * Reads the current version. Returns undefined if there is none: then the waiting posts were
   * answered, or wait for the next turn.
   */
  async #read(asked: readonly Waiting[]): Promise<Version | undefined> {
    const found = await readTarget(this.#environment.api, this.#target)
    switch (found.state) {
      case 'found':
        this.#forbidden = 0
        this.#accounting.objectBytes = found.bytes
        this.#waits.answered()
        return this.#cached.read(found.version)
      case 'blocked':
        this.#writer.forgetMissing()
        if (found.reason === 'Forbidden' && ++this.#forbidden < forbiddenTries) await this.#waits.pause(found.message)
        else {
          this.#posts.take(asked)
          this.#cached.forget()
          for (const entry of asked) answerPost(entry, { step: 'failed', reason: found.reason, message: found.message })
        }
        return undefined
      case 'unreachable':
        await this.#waits.pause(found.message, found.retryAfterMs)
        return undefined
    }
  }

  /**
   * Folds posts into a batch. Returns undefined if the record could not be used. The posts that
   * need it were then answered.
   */
  async #fold(posts: readonly Waiting[], on: Fold, ledger: Ledger | undefined): Promise<Batch | undefined> {
    const folded = await foldBatch(posts, on, ledger, message => this.#waits.delayed(message))
    if (folded.folded === 'batch') return folded.batch
    if (folded.folded === 'nobody waits') return undefined
    for (const entry of posts) if (isRemembered(entry.context)) answerPost(entry, folded.step)
    this.#posts.putBack(posts)
    return undefined
  }
}

/**
 * Returns the posts that one write may fold. A record belongs to one hook, so posts of other hooks
 * with an idempotency key wait for a later turn. If the hooks have an account, all posts of other hooks
 * do: the hook with the claim may get another account, which may then send the claimed write.
 */
const together = (waiting: readonly Waiting[], ledger: Ledger | undefined): readonly Waiting[] => {
  let room = maxClaimed
  return waiting.filter(({ context }) =>
    isRemembered(context) ? context.ledger() === ledger && room-- > 0 : !ledger || mayShare(context, ledger),
  )
}

/** Returns whether a post may be in one write with claims in this record. */
const mayShare = ({ account, hook }: DeliveryContext, { owner }: Ledger): boolean => !account || hook.uid === owner.uid

/**
 * Returns the record for a turn: the first post with a need for a record decides. Undefined if no
 * post does, or if it could not share a write with the first post.
 */
const ledgerOf = (waiting: readonly Waiting[]): Ledger | undefined => {
  const ledger = waiting.find(({ context }) => isRemembered(context))?.context.ledger()
  const [first] = waiting
  // Otherwise posts with a record could keep a post of another hook waiting for good.
  return ledger && first && mayShare(first.context, ledger) ? ledger : undefined
}

const internalError: Step = {
  step: 'unavailable',
  reason: 'InternalError',
  message: "an internal error: see the trigger's log",
}

/** Returns the answer to a post that got no turn in time. */
const unavailable = (problem: string | undefined): Step =>
  problem === undefined
    ? { step: 'unavailable', reason: 'Contended', message: 'the target kept changing, or its queue was too long' }
    : { step: 'unavailable', reason: 'ApiUnreachable', message: problem }

/**
 * Ends a post's wait. If a write that contains the post may be stored, only a post with an
 * idempotency key is answered with `why`. Another gets no answer.
 */
const giveUp = (entry: Waiting, why: Step): void =>
  answerPost(entry, entry.state === 'in flight' && !isNamed(entry) ? { step: 'unknown' } : why)
