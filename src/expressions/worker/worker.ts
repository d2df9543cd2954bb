import type { Clock } from '../../environment/environment.ts'
import type { Evaluator, StartEvaluator } from './evaluator.ts'
import type { EvaluatorAnswer, Question } from './message.ts'
import { idleMs, watchEveryMs, maxMemoryMiB, maxWaiting, maxWaitingBytes, startAgainMs, stuckMs } from './limits.ts'
import { fairQueue, type QueuedItem } from '../../environment/fair-queue.ts'

/** Why a question has no answer: it used more time or memory than it may have, or it has not been asked. */
export type Failure = { readonly ranOver: string } | { readonly unavailable: string }

/** A question on its way. Exactly one of its functions is called, once. */
export interface Job extends QueuedItem {
  readonly question: Question
  /** How much of a processor it may use, in milliseconds. */
  readonly budgetMs: number
  answered(answer: EvaluatorAnswer): void
  failed(failure: Failure): void
}

/** One evaluator at most, and those who wait for it. */
export interface Worker {
  add(job: Job): void
  /** Takes a job out of the queue, if it is still in it. */
  remove(job: Job): void
  removeAll(owner: string): readonly Job[]
  close(): void
}

type State =
  | { readonly is: 'empty' | 'closed' }
  | { readonly is: 'resting'; readonly cancel: () => void }
  | { readonly is: 'starting'; readonly evaluator: Evaluator }
  | { readonly is: 'idle'; readonly evaluator: Evaluator; readonly cancel: () => void }
  | { readonly is: 'running'; readonly evaluator: Evaluator; readonly run: Run }

interface Run {
  readonly job: Job
  cancel(): void
}

const busy: Failure = { unavailable: 'too many deliveries wait for expressions' }
const tooSlow = (budgetMs: number): Failure => ({ ranOver: `the expression took longer than ${budgetMs} ms` })
const tooLarge: Failure = { ranOver: `the expression needed more than ${maxMemoryMiB} MiB of memory` }
const lost: Failure = { unavailable: 'the process that evaluates expressions was ended' }

/**
 * Evaluates one after another, each owner in turn. The evaluator is started when it is needed, and ended when it was
 * not needed for a while. What uses more of a processor than its budget is ended with the evaluator that runs it: time
 * alone says nothing on a busy machine. The others lose no more than their place in time: they wait for the next one.
 */
export const workerOf = (clock: Clock, start: StartEvaluator, mostOfOne = maxWaiting): Worker => {
  const queue = fairQueue<Job>({ mostOfOne, mostBytes: maxWaitingBytes })
  let state: State = { is: 'empty' }

  const begin = (): void => {
    const evaluator: Evaluator = start({
      ready: () => isCurrent(evaluator) && rest(evaluator),
      answered: answer => {
        if (state.is !== 'running' || state.evaluator !== evaluator) return
        const { run } = state
        run.cancel()
        rest(evaluator)
        run.job.answered(answer)
      },
      ended: how => isCurrent(evaluator) && onEnd(how),
    })
    state = { is: 'starting', evaluator }
  }

  const isCurrent = (evaluator: Evaluator): boolean => 'evaluator' in state && state.evaluator === evaluator

  const rest = (evaluator: Evaluator): void => {
    const cancel = clock.after(idleMs, () => {
      evaluator.end()
      state = { is: 'empty' }
    })
    state = { is: 'idle', evaluator, cancel }
    next()
  }

  const next = (): void => {
    if (queue.size === 0) return
    if (state.is === 'empty') begin()
    else if (state.is === 'idle') {
      const job = queue.take()
      if (!job) return
      state.cancel()
      run(state.evaluator, job)
    }
  }

  const run = (evaluator: Evaluator, job: Job): void => {
    const { budgetMs } = job
    const began = clock.monotonic()
    const usedBefore = evaluator.usedMs()
    const look = (ms: number): (() => void) =>
      clock.after(ms, () => {
        const took = clock.monotonic() - began
        const used = usedSince(evaluator, usedBefore) ?? took
        if (used >= budgetMs) breakOff(evaluator, job, tooSlow(budgetMs))
        else if (took >= stuckMs) breakOff(evaluator, job, lost)
        else cancel = look(Math.max(budgetMs - used, watchEveryMs))
      })
    let cancel = look(budgetMs)
    state = { is: 'running', evaluator, run: { job, cancel: () => cancel() } }
    evaluator.send(job.question)
  }

  const breakOff = (evaluator: Evaluator, job: Job, failure: Failure): void => {
    evaluator.end()
    state = { is: 'empty' }
    job.failed(failure)
    next()
  }

  const onEnd = (how: 'broke' | 'was ended'): void => {
    const before = state
    if (before.is === 'starting') {
      const cancel = clock.after(startAgainMs, () => {
        state = { is: 'empty' }
        next()
      })
      state = { is: 'resting', cancel }
      return
    }
    state = { is: 'empty' }
    if (before.is === 'idle') before.cancel()
    if (before.is === 'running') {
      before.run.cancel()
      before.run.job.failed(how === 'broke' ? tooLarge : lost)
    }
    next()
  }

  return {
    add: job => {
      if (state.is === 'closed') return job.failed(lost)
      for (const left of queue.add(job)) left.failed(busy)
      next()
    },
    remove: job => queue.remove(job),
    removeAll: owner => queue.removeAll(owner),
    close: () => {
      const before = state
      state = { is: 'closed' }
      if ('evaluator' in before) before.evaluator.end()
      if ('cancel' in before) before.cancel()
      if (before.is === 'running') {
        before.run.cancel()
        before.run.job.failed(lost)
      }
      for (let job = queue.take(); job; job = queue.take()) job.failed(lost)
    },
  }
}

const usedSince = (evaluator: Evaluator, before: number | undefined): number | undefined => {
  const now = evaluator.usedMs()
  return now === undefined || before === undefined ? undefined : now - before
}
