/** What runs in an evaluator's process: answers questions until it is ended, or until nobody is left to ask. */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { leashedJudge } from './leash.ts'
import { longestLifeOfARunMs } from './limits.ts'
import { isQuestion, readyMessage, type Answer } from './message.ts'

/** Where memory runs out for all, this process is the one to give up. Linux alone knows the file. */
const offerItself = (): void => {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Elsewhere, or not allowed: then the system chooses.
  }
}

const judge = leashedJudge(longestLifeOfARunMs)

offerItself()
process.on('disconnect', () => process.exit(0))
process.on('message', message => {
  if (!isQuestion(message)) return
  const before = process.threadCpuUsage()
  const verdict = judge(message)
  const { system, user } = process.threadCpuUsage(before)
  const answer: Answer = { verdict, usedMs: (system + user) / 1000 }
  process.send?.(answer)
})
process.send?.(readyMessage)
