/**
 * Runs both roles, in virtual time, on an in-memory API server that stores anything. It damages
 * what they list and watch: hooks, records and autoscalers have something wrong in them, and lines
 * are cut. In any case a good hook next to them has its URL and is served. The script ends with 1
 * at the first stream where that is not so, where a rejected promise is not handled, or which
 * blocks the thread for too long.
 *
 * `node scripts/fuzz-watch.ts [--seconds N] [--seed N]`
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { poisonedStream } from '../test/kube/poisoned-stream.ts'
import { signaturesTakeNoTime } from '../test/simulation/signatures.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } })
const first = Number(values.seed ?? Date.now() % 2 ** 31)

signaturesTakeNoTime()
let seed = first
const fail = (why: string): never => {
  console.error(`seed ${seed}: ${why}\nrun it again: node scripts/fuzz-watch.ts --seconds 1 --seed ${seed}`)
  process.exit(1)
}
process.on('unhandledRejection', reason =>
  fail(`nobody handled ${reason instanceof Error ? reason.stack : String(reason)}`),
)

const end = performance.now() + Number(values.seconds) * 1000
let slowestMs = 0
for (; seed === first || performance.now() < end; seed++) {
  const { wrong, usedMs } = await poisonedStream(seed).catch((error: unknown) =>
    fail(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  )
  if (wrong !== undefined) fail(wrong)
  slowestMs = Math.max(slowestMs, usedMs)
  if ((seed - first + 1) % 1000 === 0) console.log(`${seed - first + 1} streams`)
}
console.log(`${seed - first} streams from seed ${first}; the slowest took ${slowestMs.toFixed(0)} ms of a processor`)
