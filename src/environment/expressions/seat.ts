import type { Clock, Evaluation, Judgement } from '../environment.ts'
import type { Evaluator, StartEvaluator } from './evaluator.ts'
import {
  budgetMs,
  idleMs,
  lookAgainMs,
  mostMemoryMiB,
  mostWaiting,
  mostWaitingBytes,
  startAgainMs,
  stuckMs,
} from './limits.ts'
import { lineOf, type Waiting } from './line.ts'

/** An evaluation on its way. */
export interface Job extends Waiting {
  readonly evaluation: Evaluation
  /** `usedMs`: how much of a processor it took, where it came to its end. */
  finish(judgement: Judgement, usedMs?: number): void
}

/** One evaluator at most, and those who wait for it. */
export interface Seat {
  add(job: Job): void
  /** Takes a job out of the line, if it is still in it. */
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

const busy: Judgement = { unavailable: 'too many deliveries wait for expressions' }
const tooSlow: Judgement = { ranOver: `the expression took longer than ${budgetMs} ms` }
const tooLarge: Judgement = { ranOver: `the expression needed more than ${mostMemoryMiB} MiB of memory` }
const lost: Judgement = { unavailable: 'the process that evaluates expressions was ended' }

/**
 * Evaluates one after another, each owner in turn. The evaluator is started when it is needed, and ended when it was
 * not needed for a while. What uses more of a processor than its budget is ended with the evaluator that runs it: time
 * alone says nothing on a busy machine. The others lose no more than their place in time: they wait for the next one.
 */
export const seatOf = (clock: Clock, start: StartEvaluator): Seat => {
  const line = lineOf<Job>({ mostOfOne: mostWaiting, mostBytes: mostWaitingBytes })
  let state: State = { is: 'empty' }

  const begin = (): void => {
    const evaluator: Evaluator = start({
      ready: () => isCurrent(evaluator) && rest(evaluator),
      answered: ({ usedMs, verdict }) => {
        if (state.is !== 'running' || state.evaluator !== evaluator) return
        const { run } = state
        run.cancel()
        rest(evaluator)
        run.job.finish(verdict, usedMs)
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
    if (line.size === 0) return
    if (state.is === 'empty') begin()
    else if (state.is === 'idle') {
      const job = line.take()
      if (!job) return
      state.cancel()
      run(state.evaluator, job)
    }
  }

  const run = (evaluator: Evaluator, job: Job): void => {
    const began = clock.monotonic()
    const usedBefore = evaluator.usedMs()
    const look = (ms: number): (() => void) =>
      clock.after(ms, () => {
        const took = clock.monotonic() - began
        const used = usedSince(evaluator, usedBefore) ?? took
        if (used >= budgetMs) breakOff(evaluator, job, tooSlow)
        else if (took >= stuckMs) breakOff(evaluator, job, lost)
        else cancel = look(Math.max(budgetMs - used, lookAgainMs))
      })
    let cancel = look(budgetMs)
    state = { is: 'running', evaluator, run: { job, cancel: () => cancel() } }
    evaluator.send(job.evaluation)
  }

  const breakOff = (evaluator: Evaluator, job: Job, judgement: Judgement): void => {
    evaluator.end()
    state = { is: 'empty' }
    job.finish(judgement)
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
      before.run.job.finish(how === 'broke' ? tooLarge : lost)
    }
    next()
  }

  return {
    add: job => {
      if (state.is === 'closed') return job.finish(lost)
      for (const left of line.add(job)) left.finish(busy)
      next()
    },
    remove: job => line.remove(job),
    removeAll: owner => line.removeAll(owner),
    close: () => {
      const before = state
      state = { is: 'closed' }
      if ('evaluator' in before) before.evaluator.end()
      if ('cancel' in before) before.cancel()
      if (before.is === 'running') {
        before.run.cancel()
        before.run.job.finish(lost)
      }
      for (let job = line.take(); job; job = line.take()) job.finish(lost)
    },
  }
}

const usedSince = (evaluator: Evaluator, before: number | undefined): number | undefined => {
  const now = evaluator.usedMs()
  return now === undefined || before === undefined ? undefined : now - before
}
