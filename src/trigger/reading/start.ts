import { Worker } from 'node:worker_threads'
import type { Reading } from './message.ts'
import type { StartReader } from './reader.ts'

/** The program of a reader. In the source it is next to this file, in a build next to the bundle. */
const program = import.meta.url.endsWith('.ts')
  ? new URL('thread.ts', import.meta.url)
  : new URL('receiver-hooks-reader.mjs', import.meta.url)

/**
 * The memory of a reader, in MiB. The objects of a body are not kept longer than the body, so a
 * small young generation suffices. The most expensive body of 1 MiB, a list of empty objects, needs
 * less than 48.
 */
const limits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 }

/**
 * Starts a reader as a thread of this process. A reader that exceeds its memory ends, and its body
 * is not parsed.
 */
export const startReader: StartReader = events => {
  let isHeard = true
  const worker = new Worker(program, {
    resourceLimits: limits,
    env: {},
    stdin: false,
    stderr: true,
    stdout: true,
  })
  const ended = (): void => {
    if (isHeard) events.ended()
    isHeard = false
  }
  worker.on('message', (reading: Reading) => isHeard && events.read(reading))
  worker.on('error', ended)
  worker.on('exit', ended)
  worker.unref()
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    send: arrived => worker.postMessage(arrived),
    end: () => {
      isHeard = false
      void worker.terminate()
    },
  }
}
