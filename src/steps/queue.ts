import type { Environment } from '../environment/environment.ts'
import type { Acting } from '../kube/acting.ts'
import { forbiddenTries } from '../kube/written.ts'
import { abandonedIn, refusedAt } from '../record/protocol.ts'
import type { Ledger } from '../record/ledger.ts'
import { claimBatch, type Batch, type Fold } from './batch.ts'
import type { Part } from './claims.ts'
import { Helper, maxAbandoned } from './help.ts'
import { CachedVersion } from './cached-version.ts'
import type { Step } from './steps.ts'
import type { Target, Version } from './target/target.ts'
import { readTarget } from './target/read.ts'
import { supposedBytes } from './target/commit.ts'
import type { TargetWatch, TargetWatches } from './watches.ts'
import { answerPost, isNamed, isUnanswered, needsRecord, QueueBackoff, type Waiting } from './waiting.ts'
import { BatchWriter, type QueueMetrics } from './writer.ts'

/**
 * The maximum number of posts in one claim. With their reports of alerts, 100 posts take up to 150
 * kB of the record's megabyte, and every process may have such a claim.
 */
const maxClaimed = 100

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
  /** The posts that wait, in order of arrival. A post that is answered meanwhile stays until the next turn. */
  #posts = new Set<Waiting>()
  readonly #cached: CachedVersion
  readonly #watch: TargetWatch
  readonly #waits: QueueBackoff
  readonly #helper: Helper
  readonly #writer: BatchWriter
  /** The posts of the current turn. Empty between turns, because a queue is kept longer than its posts. */
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
    const putBack = (entries: readonly Waiting[]): void => this.#putBack(entries)
    const parts = { putBack, cached, waits, helper, accounting: this.#accounting }
    this.#writer = new BatchWriter(environment, target, parts, metrics, entry => this.expire(entry))
  }

  add(entry: Waiting): void {
    this.#posts.add(entry)
    if (!this.#running) void this.#run()
  }

  /**
   * Ends a post's wait when its time is over. The answer depends on whether a write contains the
   * post. The entry leaves the queue at the next turn.
   */
  expire(entry: Waiting): void {
    giveUp(entry, noTurn(this.#waits.problem))
  }

  get idle(): boolean {
    return !this.#running
  }

  async #run(): Promise<void> {
    const { log } = this.#environment
    const { name, namespace } = this.#target
    this.#running = true
    try {
      while (this.#posts.size > 0) await this.#turn()
    } catch (error) {
      // A plan or a connection violated its contract. All waiting posts are answered now.
      log.error({ target: name, namespace, error }, 'a step failed unexpectedly')
      for (const entry of [...this.#current, ...this.#posts]) giveUp(entry, internalError)
      this.#posts.clear()
    } finally {
      this.#current = []
      this.#running = false
      // A policy that refused a fence may be removed meanwhile.
      this.#helper.unfenced = undefined
    }
  }

  /** Makes one write, or answers posts that need none. */
  async #turn(): Promise<void> {
    const [cached, helper, target] = [this.#cached, this.#helper, this.#target]
    const queued = this.#waiting()
    const usable = cached.take(queued.some(needsRecord))
    const asked = usable ? [] : queued
    const version = usable ?? (await this.#read(asked))
    if (!version) return
    // A target that nobody else writes needs no watch.
    if (cached.isWatched || cached.isContended) this.#watch.used(version)
    this.#current = this.#waiting()
    const { ledger, posts } = foldable(this.#current)
    const known = ledger?.known()
    if (ledger && known && known.size >= maxAbandoned && helper.isCrowded(known, version)) {
      if ((await helper.fenceOff(ledger, version)) !== 'no') return
    }
    this.#current = posts
    for (const entry of posts) this.#posts.delete(entry)
    const mark = this.#nextMark(version)
    const batch = await this.#fold(posts, { target, version, mark, asked: new Set(asked) }, ledger)
    if (batch) {
      for (const entry of batch.changed) answerPost(entry, { outcome: 'changed' })
      if (ledger && batch.parts.some(isFull)) {
        const now = this.#environment.clock.now()
        ledger.later(draft => refusedAt(draft, now))
      }
      if (batch.entries.length < posts.length) {
        const included = new Set(batch.entries)
        this.#putBack(posts.filter(entry => !included.has(entry)))
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
    const newest = ledger?.known()
    const abandoned = newest ? abandonedIn(newest, this.#environment.clock.now()) : []
    if (ledger && newest && abandoned.length > 0) void helper.tidy(ledger, newest, abandoned)
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
          this.#cached.forget()
          for (const entry of asked) {
            this.#posts.delete(entry)
            answerPost(entry, { outcome: 'failed', reason: found.reason, message: found.message })
          }
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
    const result = await claimBatch(posts, on, ledger, message => this.#waits.delayed(message))
    if (result.kind === 'batch') return result.batch
    if (result.kind === 'nobody waits') return undefined
    for (const entry of posts) if (needsRecord(entry)) answerPost(entry, result.step)
    this.#putBack(posts)
    return undefined
  }

  /** Drops the posts that were answered meanwhile. Returns the others. */
  #waiting(): readonly Waiting[] {
    for (const entry of this.#posts) if (entry.state === 'answered') this.#posts.delete(entry)
    return [...this.#posts]
  }

  /** Puts posts without an answer back before all others. */
  #putBack(entries: readonly Waiting[]): void {
    const unanswered = entries.filter(isUnanswered)
    for (const entry of unanswered) entry.state = 'waiting'
    this.#posts = new Set([...unanswered, ...this.#posts])
  }
}

/**
 * Returns the posts that one write may fold, and the record that it uses.
 * - The first post with a need for a record decides which. A record belongs to one hook, so posts of
 *   other hooks with an idempotency key wait for a later turn.
 * - If the hooks have an account, it is the same for all. Then all posts of other hooks wait: the hook
 *   with the claim may get another account, which may then send the claimed write. If the first post is of
 *   another hook, no record is used, and the posts that need one wait.
 */
const foldable = (waiting: readonly Waiting[]): { ledger: Ledger | undefined; posts: readonly Waiting[] } => {
  const first = waiting[0]?.context
  const wanted = waiting.find(needsRecord)?.context.ledger()
  // Otherwise posts with a record could keep a post of another hook waiting for good.
  const ledger = first?.account && first.hook.uid !== wanted?.owner.uid ? undefined : wanted
  const onlyHook = first?.account && ledger?.owner.uid
  const posts: Waiting[] = []
  let room = maxClaimed
  for (const entry of waiting) {
    const { hook, ledger: own } = entry.context
    const fits = needsRecord(entry) ? own() === ledger && room-- > 0 : onlyHook === undefined || hook.uid === onlyHook
    if (fits) posts.push(entry)
  }
  return { ledger, posts }
}

const isFull = (part: Part): boolean =>
  part.part === 'answer' && part.step.outcome === 'unavailable' && part.step.reason === 'RecordFull'

const internalError: Step = {
  outcome: 'unavailable',
  reason: 'InternalError',
  message: "an internal error: see the trigger's log",
}

/** Returns the answer to a post that got no turn in time. */
const noTurn = (problem: string | undefined): Step =>
  problem === undefined
    ? { outcome: 'unavailable', reason: 'Contended', message: 'the target kept changing, or its queue was too long' }
    : { outcome: 'unavailable', reason: 'ApiUnreachable', message: problem }

/**
 * Ends a post's wait. If a write that contains the post may be stored, only a post with an
 * idempotency key is answered with `why`. Another gets no answer.
 */
const giveUp = (entry: Waiting, why: Step): void =>
  answerPost(entry, entry.state === 'in flight' && !isNamed(entry) ? { outcome: 'unknown' } : why)
