import type { Clock } from '../../environment/environment.ts'
import type { Evaluator, StartEvaluator, EvaluatorAnswer, Question } from './message.ts'
import {
  idleMs,
  watchEveryMs,
  maxMemoryMiB,
  maxWaiting,
  maxWaitingBytes,
  startAgainMs,
  startWithinMs,
  stuckMs,
} from './limits.ts'
import { fairQueue, type FairQueue, type QueuedItem } from '../../environment/fair-queue.ts'

/** Why a question got no answer: its expression exceeded a limit, or the question was not asked. */
export type Failure = { readonly ranOver: string } | { readonly unavailable: string }

/** A question with its callbacks. Exactly one of them is called, once. */
export interface Job extends QueuedItem {
  readonly question: Question
  /** The processor time that the question may use, in milliseconds. */
  readonly budgetMs: number
  answered(answer: EvaluatorAnswer): void
  failed(failure: Failure): void
}

type State =
  | { readonly is: 'empty' | 'closed' }
  | { readonly is: 'resting'; readonly cancel: () => void }
  | { readonly is: 'starting'; readonly evaluator: Evaluator; readonly cancel: () => void }
  | { readonly is: 'idle'; readonly evaluator: Evaluator; readonly cancel: () => void }
  | { readonly is: 'running'; readonly evaluator: Evaluator; readonly run: Run }

interface Run {
  readonly job: Job
  cancel(): void
}

const busy: Failure = { unavailable: 'too many deliveries are waiting for expressions' }
const tooSlow = (budgetMs: number): Failure => ({ ranOver: `the expression took longer than ${budgetMs} ms` })
const tooLarge: Failure = { ranOver: `the expression needed more than ${maxMemoryMiB} MiB of memory` }
const lost: Failure = { unavailable: 'the process that evaluates expressions was stopped' }

/**
 * At most one evaluator, and the jobs that wait for it. Namespaces are served in turn, and in each its
 * owners. The evaluator starts when it is needed and ends when it is idle, unless it is kept ready.
 * A job that uses more processor time than allowed is ended together with the evaluator. Wall time
 * does not count, because the machine may be busy. The other jobs wait for the next evaluator.
 */
export class Worker {
  readonly #clock: Clock
  readonly #startEvaluator: StartEvaluator
  readonly #queue: FairQueue<Job>
  #state: State = { is: 'empty' }
  #isKept = false

  constructor(clock: Clock, start: StartEvaluator, maxOfOne = maxWaiting) {
    this.#clock = clock
    this.#startEvaluator = start
    this.#queue = fairQueue<Job>({ maxOfOne, maxBytes: maxWaitingBytes })
  }

  add(job: Job): void {
    if (this.#state.is === 'closed') return job.failed(lost)
    for (const left of this.#queue.add(job)) left.failed(busy)
    this.#next()
  }

  /** Keeps an evaluator even if no job waits, or ends that. */
  keepReady(isWanted: boolean): void {
    this.#isKept = isWanted
    this.#next()
  }

  remove(job: Job): void {
    this.#queue.remove(job)
  }

  removeAll(owner: Pick<Job, 'namespace' | 'owner'>): readonly Job[] {
    return this.#queue.removeAll(owner)
  }

  close(): void {
    const before = this.#state
    this.#state = { is: 'closed' }
    if ('evaluator' in before) before.evaluator.end()
    if ('cancel' in before) before.cancel()
    if (before.is === 'running') {
      before.run.cancel()
      before.run.job.failed(lost)
    }
    for (let job = this.#queue.take(); job; job = this.#queue.take()) job.failed(lost)
  }

  #next(): void {
    if (this.#queue.size === 0 && !this.#isKept) return
    if (this.#state.is === 'empty') this.#start()
    else if (this.#state.is === 'idle') {
      const job = this.#queue.take()
      if (!job) return
      this.#state.cancel()
      this.#run(this.#state.evaluator, job)
    }
  }

  #start(): void {
    const evaluator: Evaluator = this.#startEvaluator({
      ready: () => {
        if (this.#state.is !== 'starting' || this.#state.evaluator !== evaluator) return
        this.#state.cancel()
        this.#rest(evaluator)
      },
      answered: answer => {
        if (this.#state.is !== 'running' || this.#state.evaluator !== evaluator) return
        const { run } = this.#state
        run.cancel()
        this.#rest(evaluator)
        run.job.answered(answer)
      },
      ended: how => this.#isCurrent(evaluator) && this.#onEnd(how),
    })
    const cancel = this.#clock.after(startWithinMs, () => {
      evaluator.end()
      this.#onEnd('was ended')
    })
    this.#state = { is: 'starting', evaluator, cancel }
  }

  #isCurrent(evaluator: Evaluator): boolean {
    return 'evaluator' in this.#state && this.#state.evaluator === evaluator
  }

  #rest(evaluator: Evaluator): void {
    const cancel = this.#clock.after(idleMs, () => {
      if (this.#isKept) return this.#rest(evaluator)
      evaluator.end()
      this.#state = { is: 'empty' }
    })
    this.#state = { is: 'idle', evaluator, cancel }
    this.#next()
  }

  #run(evaluator: Evaluator, job: Job): void {
    const { budgetMs } = job
    const began = this.#clock.monotonic()
    const usedBefore = evaluator.usedMs()
    const look = (ms: number): (() => void) =>
      this.#clock.after(ms, () => {
        const took = this.#clock.monotonic() - began
        const used = usedSince(evaluator, usedBefore) ?? took
        if (used >= budgetMs) this.#breakOff(evaluator, job, tooSlow(budgetMs))
        else if (took >= stuckMs) this.#breakOff(evaluator, job, lost)
        else cancel = look(Math.max(budgetMs - used, watchEveryMs))
      })
    let cancel = look(budgetMs)
    this.#state = { is: 'running', evaluator, run: { job, cancel: () => cancel() } }
    evaluator.send(job.question)
  }

  #breakOff(evaluator: Evaluator, job: Job, failure: Failure): void {
    evaluator.end()
    this.#state = { is: 'empty' }
    job.failed(failure)
    this.#next()
  }

  #onEnd(how: 'broke' | 'was ended'): void {
    const before = this.#state
    // Without a pause, a system that ends idle processes for want of memory would start them all the time.
    if (before.is === 'starting' || (before.is === 'idle' && this.#isKept)) {
      before.cancel()
      const cancel = this.#clock.after(startAgainMs, () => {
        this.#state = { is: 'empty' }
        this.#next()
      })
      this.#state = { is: 'resting', cancel }
      return
    }
    this.#state = { is: 'empty' }
    if (before.is === 'idle') before.cancel()
    if (before.is === 'running') {
      before.run.cancel()
      before.run.job.failed(how === 'broke' ? tooLarge : lost)
    }
    this.#next()
  }
}

const usedSince = (evaluator: Evaluator, before: number | undefined): number | undefined => {
  const now = evaluator.usedMs()
  return now === undefined || before === undefined ? undefined : now - before
}
