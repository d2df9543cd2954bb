import type { Counter, Environment } from '../environment/environment.ts'
import type { Ledger } from '../record/ledger.ts'
import { applied } from '../record/protocol.ts'
import { asLeft, goOneWay } from './as-left.ts'
import { unknownStep, type Batch } from './batch.ts'
import type { Part } from './claims.ts'
import { recordUnmade, takeBack, type HelpPart } from './finish.ts'
import type { Helper } from './help.ts'
import type { CachedVersion } from './cached-version.ts'
import type { Step } from './steps.ts'
import type { Target, Version } from './target/target.ts'
import { commit, type Accounting } from './target/commit.ts'
import { answerPost, isNamed, isUnanswered, type QueueBackoff, type Waiting } from './waiting.ts'

export interface QueueMetrics {
  readonly writes: Counter
  readonly posts: Counter
  /** Counts the result of a search for evidence. */
  readonly looked: (evidence: string) => void
}

export interface QueueParts {
  /** Puts posts without an answer back before all others. */
  readonly putBack: (entries: readonly Waiting[]) => void
  readonly cached: CachedVersion
  readonly waits: QueueBackoff
  readonly helper: Helper
  readonly accounting: Accounting
}

export interface Writing {
  readonly batch: Batch
  readonly mark: string
  /** The version that it was folded on. */
  readonly from: Version
  /** True if that version was just read. */
  readonly afterRead: boolean
  readonly ledger: Ledger | undefined
}

/** Writes the batches of one target, and answers their posts. */
export class BatchWriter {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #target: Target
  readonly #parts: QueueParts
  readonly #metrics: QueueMetrics
  readonly #expire: (entry: Waiting) => void
  /**
   * The uid of the object whose /scale was missing at the last write. The object may have been
   * deleted just before the write, so one more attempt decides.
   */
  #missing: string | undefined

  /** `expire` answers a post whose write may or may not be made. */
  constructor(
    environment: Pick<Environment, 'api' | 'clock' | 'log'>,
    target: Target,
    parts: QueueParts,
    metrics: QueueMetrics,
    expire: (entry: Waiting) => void,
  ) {
    this.#environment = environment
    this.#target = target
    this.#parts = parts
    this.#metrics = metrics
    this.#expire = expire
  }

  async write({ afterRead, batch, from, ledger, mark }: Writing): Promise<void> {
    const { accounting, cached, putBack, waits } = this.#parts
    const { looked } = this.#metrics
    const { entries, parts, to } = batch
    for (const entry of entries) if (entry.state === 'waiting') entry.state = 'in flight'
    // Skips do not depend on the outcome of the write, so they are answered at once.
    for (const [index, entry] of entries.entries()) {
      const part = parts[index]
      if (part?.part === 'answer' && !ofWrite.has(part.step.outcome)) answerPost(entry, part.step)
    }
    const shared = batch.rows.length > 0
    const mayContinue = (): boolean => entries.some(isUnanswered)
    const written = await commit(
      this.#environment,
      { target: this.#target, mark, from, before: from.mark, to, shared },
      {
        accounting,
        mayContinue,
        looked,
        delayed: message => waits.delayed(message),
        ...(ledger && shared && { takeBack: () => takeBack(ledger, mark, batch.rows.length, mayContinue) }),
      },
    )
    const result = written.write
    this.#metrics.writes.add({ result })
    this.#metrics.posts.add({ result }, entries.length)
    if (written.write === 'applied') {
      const { version } = written
      const made = version === undefined || version.count === to ? batch : batchAsLeft(batch, mark, version)
      ledger?.later(draft => applied(draft, mark, made.rows))
      cached.written(version)
      waits.succeeded()
      this.#missing = undefined
      return await this.answer(made, from, ledger)
    }
    if (ledger) recordUnmade(this.#environment, ledger, mark, written)
    if (written.write === 'stale' || written.write === 'taken back') {
      cached.stale(afterRead)
      putBack(entries)
      return await waits.pauseAfterConflicts()
    }
    cached.forget()
    switch (written.write) {
      case 'missing':
      case 'refused': {
        const { message, reason } = written.write === 'refused' ? written : this.#noScale
        // Other processes may send a shared write too, and succeed. So this outcome is not certain,
        // and only posts with an idempotency key get it as their answer.
        if (shared) answerAmbiguous(batch, ['done'], { outcome: 'failed', reason, message })
        else if (written.write === 'refused' || this.#missing === from.uid)
          return failAll(entries, { outcome: 'failed', reason, message })
        else this.#missing = from.uid
        return putBack(entries)
      }
      case 'not sent':
        putBack(entries)
        return await waits.pause(written.message, written.retryAfterMs)
      case 'history gone':
        answerAmbiguous(batch, ['done', 'refused'], unknownStep)
        return putBack(entries)
      case 'unknown':
        for (const entry of entries) this.#expire(entry)
    }
  }

  /** Answers each post by its part. A post without a result waits for the next turn. */
  async answer(batch: Batch, version: Version, ledger: Ledger | undefined): Promise<void> {
    const { cached, helper, putBack, waits } = this.#parts
    const met: [Waiting, HelpPart][] = []
    const again: Waiting[] = []
    let isOutdated = false
    for (const [index, entry] of batch.entries.entries()) {
      const part = batch.parts[index]
      if (part?.part === 'help') met.push([entry, part])
      else if (part === undefined || part.part === 'wait') again.push(entry)
      else if (part.part === 'outdated') {
        isOutdated = true
        entry.outdatedSince = part.since
        again.push(entry)
      } else answerPost(entry, part.step)
    }
    if (ledger && met.length > 0) again.push(...(await helper.help(ledger, met, version)))
    if (again.length > 0) putBack(again)
    if (isOutdated) {
      cached.forget()
      await waits.pauseAfterConflicts()
    }
  }

  /**
   * Notes that the target could not be changed when it was read. Whether it has a /scale is unknown
   * again.
   */
  forgetMissing(): void {
    this.#missing = undefined
  }

  get #noScale() {
    const { at, name, type } = this.#target
    return { reason: 'NotScalable', message: `${type.kind}/${name} ${at.missing}` } as const
  }
}

/** Returns a batch with the steps of its posts as they were really made. */
const batchAsLeft = (batch: Batch, mark: string, version: Version): Batch => {
  const write = { mark, to: batch.to }
  const steps = batch.parts.flatMap(part => doneIn(part) ?? [])
  const isOneWay = goOneWay(steps)
  const made = asLeft(steps, write, version, isOneWay).values()
  return {
    ...batch,
    rows: asLeft(batch.rows, write, version, isOneWay),
    parts: batch.parts.map(part => {
      const step = doneIn(part)
      if (!step) return part
      const { until, ...left } = made.next().value ?? step
      // A step that the webhook has kept back leases nothing.
      return { part: 'answer', step: left.from === left.to && step.from !== step.to ? left : { ...left, until } }
    }),
  }
}

/** The outcomes of posts that depend on the write of their batch, or have to wait for it. */
const ofWrite: ReadonlySet<Step['outcome']> = new Set(['done', 'refused', 'awaiting'])

const doneIn = (part: Part) => (part.part === 'answer' && part.step.outcome === 'done' ? part.step : undefined)

const failAll = (entries: readonly Waiting[], step: Step): void => {
  for (const entry of entries) answerPost(entry, step)
}

/**
 * Answers posts whose write may or may not be stored. A post with an idempotency key gets `named`,
 * and may be sent again. A post without a key gets no answer.
 */
const answerAmbiguous = (batch: Batch, outcomes: readonly Step['outcome'][], named: Step): void => {
  for (const [index, entry] of batch.entries.entries()) {
    const part = batch.parts[index]
    if (part?.part !== 'answer' || !outcomes.includes(part.step.outcome)) continue
    answerPost(entry, isNamed(entry) ? named : { outcome: 'unknown' })
  }
}
