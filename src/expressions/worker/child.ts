/** What runs in an evaluator's process: answers questions until it is ended, or until nobody is left to ask. */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { answering } from './answer.ts'
import { longestLifeOfARunMs } from './limits.ts'
import { isQuestion, readyMessage, type Answer, type Found } from './message.ts'
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
const watched = watchdog<Found>(longestLifeOfARunMs)

offerItself()
process.on('disconnect', () => process.exit(0))
process.on('message', message => {
  if (!isQuestion(message)) return
  const before = process.threadCpuUsage()
  const found = watched(() => answer(message))
  const { system, user } = process.threadCpuUsage(before)
  const answered: Answer = { ...found, usedMs: (system + user) / 1000 }
  process.send?.(answered)
})
process.send?.(readyMessage)
