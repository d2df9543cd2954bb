/** What runs in the thread that reads large bodies: reads one after another, until it is ended. */
import { parentPort } from 'node:worker_threads'
import { mostBodyBytes } from '../limits.ts'
import { readMessage, type Arrived } from './message.ts'

parentPort?.on('message', (arrived: Arrived) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(readMessage(arrived, mostBodyBytes))
})
