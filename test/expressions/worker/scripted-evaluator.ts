import type { EvaluatorEvents, StartEvaluator, CheckFindings } from '../../../src/expressions/worker/message.ts'
import type { EvaluationVerdict } from '../../../src/expressions/language/program.ts'

/** One process of the script. */
export interface Scripted {
  readonly events: EvaluatorEvents
  /** The expressions that it was asked, in order. */
  readonly asked: string[]
  /** Answers the last question, for which it took `usedMs`. */
  answer(verdict?: EvaluationVerdict, usedMs?: number): void
  /** Answers the last question, which was to check an expression. */
  answerCheck(checked?: CheckFindings): void
  /** How much of a processor it has used so far; undefined where the system does not say. */
  used: number | undefined
  ended: boolean
}

/** Returns evaluators that do only what a test says. */
export const scriptedEvaluators = (): { readonly start: StartEvaluator; readonly started: Scripted[] } => {
  const started: Scripted[] = []
  return {
    started,
    start: events => {
      const scripted: Scripted = {
        events,
        asked: [],
        answer: (verdict = { counts: true }, usedMs = 1) => events.answered({ verdict, usedMs }),
        answerCheck: (checked = { sound: true }) => events.answered({ checked, usedMs: 1 }),
        used: 0,
        ended: false,
      }
      started.push(scripted)
      return {
        send: ({ expression }) => void scripted.asked.push(expression),
        usedMs: () => scripted.used,
        end: () => void (scripted.ended = true),
      }
    },
  }
}
