import { createContext, Script } from 'node:vm'
import type { Question } from './message.ts'
import { compiler, type Verdict } from './program.ts'

/**
 * Judges, and throws after `longestMs`. Who started this process ends it long before. But if they are gone, it must end
 * by itself, and no event is seen while an expression runs: so Node's own watchdog ends the run.
 */
export const leashedJudge = (longestMs: number): ((question: Question) => Verdict) => {
  const compile = compiler()
  const leash = new Script('verdict = judge()')
  const inside: { judge(): Verdict; verdict: Verdict } = {
    judge: () => inside.verdict,
    verdict: { failed: 'nothing was asked' },
  }
  const context = createContext(inside)
  return ({ expression, variables }) => {
    inside.judge = () => compile(expression)(variables)
    leash.runInContext(context, { timeout: longestMs })
    return inside.verdict
  }
}
