/** What runs in an evaluator's process: answers questions until it is ended, or until nobody is left to ask. */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { answering } from './answer.ts'
import { maxRunMs } from './limits.ts'
import { isQuestion, readyMessage, type EvaluatorAnswer, type EvaluatorResult } from './message.ts'
import { watchdog } from './watchdog.ts'

/** Where memory runs out for all, this process is the one to give up. Linux alone knows the file. */
const offerItself = (): void => {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Elsewhere, or not allowed: then the system chooses.
  }
}

const answer = answering()
const watched = watchdog<EvaluatorResult>(maxRunMs)

/**
 * The first evaluation of a process loads and compiles what all others use: on a busy machine that can take all that one may use of a
 * processor. So it is made before anybody asks, and charged to nobody.
 */
const warmUp = (): void => {
  const expression =
    "body.alerts.exists(alert, alert.status == 'firing') && has(body.x) && size(body.x) > 1 && sender.startsWith('x')"
  const body = new TextEncoder().encode('{"alerts": [{"status": "firing"}], "x": [1, 2]}')
  answer({ ask: 'check', expression })
  answer({ ask: 'evaluate', expression, variables: { body, headers: {}, query: {}, sender: 'x' } })
}

offerItself()
warmUp()
process.on('disconnect', () => process.exit(0))
process.on('message', message => {
  if (!isQuestion(message)) return
  const before = process.threadCpuUsage()
  const found = watched(() => answer(message))
  const { system, user } = process.threadCpuUsage(before)
  const answered: EvaluatorAnswer = { ...found, usedMs: (system + user) / 1000 }
  process.send?.(answered)
})
process.send?.(readyMessage)
