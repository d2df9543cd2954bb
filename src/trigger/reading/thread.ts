/** The program of the thread that parses large bodies, one at a time until it is ended. */
import { constants, getPriority, platform, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { maxPostBodyBytes } from '../limits.ts'
import { readMessage, type Arrived } from './message.ts'

// The thread gets a low priority, so that a large body does not delay other posts. On Linux the
// priority applies only to the calling thread (setpriority(2)).
const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority
if (platform() === 'linux') {
  try {
    setPriority(Math.min(getPriority() + PRIORITY_BELOW_NORMAL, PRIORITY_LOW))
  } catch {
    // A sandbox may forbid a change of the priority. Bodies are parsed nevertheless.
  }
}

parentPort?.on('message', (arrived: Arrived) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(readMessage(arrived, maxPostBodyBytes))
})
