/** What runs in the thread that reads large bodies: reads one after another, until it is ended. */
import { constants, getPriority, platform, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { mostBodyBytes } from '../limits.ts'
import { readMessage, type Arrived } from './message.ts'

// A large body makes way for all other posts. On Linux this is the priority of the calling thread alone: setpriority(2).
const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority
if (platform() === 'linux') {
  try {
    setPriority(Math.min(getPriority() + PRIORITY_BELOW_NORMAL, PRIORITY_LOW))
  } catch {
    // A sandbox may refuse that. Bodies are read all the same.
  }
}

parentPort?.on('message', (arrived: Arrived) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(readMessage(arrived, mostBodyBytes))
})
