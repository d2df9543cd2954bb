import { parentPort, workerData } from 'node:worker_threads'
import { at } from '../../src/api/json.ts'
import { figuresOf } from './figures.ts'
import { runHistory } from './history.ts'

// What is thrown in a history by the dozen is an answer, and needs no stack.
Error.stackTraceLimit = 0
process.noDeprecation = true

/** Runs every `step`-th seed from `first` on, and reports each, until it is terminated. */
const run = async (first: number, step: number): Promise<void> => {
  for (let seed = first; ; seed += step) {
    const history = await runHistory(seed)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
    parentPort?.postMessage({ seed, violations: history.violations, figures: figuresOf(history) })
    // A history leaves no room for anything else: messages go out in between.
    await new Promise(resolve => setImmediate(resolve))
  }
}

await run(Number(at(workerData, 'first')), Number(at(workerData, 'step')))
