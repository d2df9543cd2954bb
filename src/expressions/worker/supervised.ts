import type {
  Checked,
  Clock,
  Evaluation,
  ExpressionCheck,
  Expressions,
  Evaluated,
} from '../../environment/environment.ts'
import type { StartEvaluator } from './message.ts'
import { apartMs, budgetMs, checkBudgetMs, maxChecksWaiting } from './limits.ts'
import { reputationsOf } from './reputation.ts'
import { Worker, type Failure, type Job } from './worker.ts'

/**
 * Expressions that can be closed. Checks and evaluations that wait or run then resolve with
 * `unavailable`.
 */
export interface SupervisedExpressions extends Expressions {
  close(): void
}

/** Checks and evaluates expressions in processes that live only while they are used, or are kept ready. */
export const supervisedExpressions = (clock: Clock, start: StartEvaluator): SupervisedExpressions => {
  const evaluations = evaluating(clock, start)
  const checks = checking(clock, start)
  return {
    check: checks.check,
    evaluate: evaluations.evaluate,
    keepReady: evaluations.keepReady,
    close: () => {
      evaluations.close()
      checks.close()
    },
  }
}

/** Returns a checker with a process of its own. So a slow expression delays other checks, but no delivery. */
const checking = (clock: Clock, start: StartEvaluator) => {
  const worker = new Worker(clock, start, maxChecksWaiting)
  return {
    check: ({ expression, owner, withinMs }: ExpressionCheck): Promise<Checked> =>
      new Promise(resolve => {
        const done = (checked: Checked): void => {
          cancel()
          resolve(checked)
        }
        const job: Job = {
          namespace: owner,
          owner,
          bytes: expression.length,
          question: { ask: 'check', expression },
          budgetMs: checkBudgetMs,
          answered: answer => done('checked' in answer ? answer.checked : notAnswered),
          failed: done,
        }
        const cancel = clock.after(withinMs, () =>
          giveUp(worker, job, 'the expression was not checked in time', resolve),
        )
        worker.add(job)
      }),
    close: () => worker.close(),
  }
}

/**
 * Returns an evaluator with one process. For a while after an expression exceeded its limit there
 * are two: one for expressions that were quick before, one for the others.
 * If an expression exceeds its limit, its process is ended. So it harms only new or slow
 * expressions. Its owner is blocked for a while, longer each time; senders get 503 and try again.
 */
const evaluating = (clock: Clock, start: StartEvaluator) => {
  const reputations = reputationsOf(clock)
  const provenWorker = new Worker(clock, start)
  const otherWorker = new Worker(clock, start)
  let apartUntil = -Infinity

  const blocked = (owner: string, expression: string): Failure => ({
    unavailable: `the expression exceeded its budget, and will not run again for ${Math.ceil(reputations.blockedMs(owner, expression) / 1000)} s`,
  })

  /** Notes that an expression exceeded its limit, and fails all questions of its owner that wait. */
  const ranOver = ({ expression, namespace, owner }: Evaluation): void => {
    reputations.ranOver(owner, expression)
    apartUntil = clock.monotonic() + apartMs
    const its = { namespace, owner }
    const all = [...provenWorker.removeAll(its), ...otherWorker.removeAll(its)]
    for (const other of all) other.failed(blocked(owner, expression))
  }

  return {
    evaluate: (evaluation: Evaluation): Promise<Evaluated> => {
      const { expression, namespace, owner, variables, withinMs } = evaluation
      if (reputations.blockedMs(owner, expression) > 0) return Promise.resolve(blocked(owner, expression))
      const apart = clock.monotonic() < apartUntil && reputations.proven(owner, expression)
      const worker = apart ? provenWorker : otherWorker

      return new Promise(resolve => {
        const job: Job = {
          namespace,
          owner,
          bytes: (variables.body?.length ?? 0) + expression.length,
          question: { ask: 'evaluate', expression, variables },
          budgetMs,
          answered: answer => {
            cancel()
            resolve('verdict' in answer ? answer.verdict : notAnswered)
            reputations.ran(owner, expression, answer.usedMs)
          },
          failed: failure => {
            cancel()
            resolve(failure)
            if ('ranOver' in failure) ranOver(evaluation)
          },
        }
        const cancel = clock.after(withinMs, () =>
          giveUp(worker, job, 'the expression was not evaluated in time', resolve),
        )
        worker.add(job)
      })
    },
    keepReady: (isWanted: boolean) => otherWorker.keepReady(isWanted),
    close: () => {
      provenWorker.close()
      otherWorker.close()
    },
  }
}

const notAnswered: Failure = { unavailable: 'the process that evaluates expressions gave an unexpected answer' }

const giveUp = (worker: Worker, job: Job, why: string, resolve: (failure: Failure) => void): void => {
  worker.remove(job)
  resolve({ unavailable: why })
}
