import { setTimeout as sleep } from 'node:timers/promises'
import { notification } from '../load/notification.ts'
import type { Stage } from '../stage.ts'
import { quantile } from '../stats.ts'
import type { Contender, Receiver } from './contender.ts'
import { memoryMiB, peakMemoryMiB } from './memory.ts'
import { send, sendUntilDone } from './send.ts'

/** What one round of trials showed of a contender. Times in milliseconds, memory in MiB. */
export interface Trial {
  readonly p50: number
  readonly p99: number
  /** Until all that were sent at once had an answer. */
  readonly burst: number
  readonly burstAnswered: number
  readonly burstSteps: number
  readonly killedSteps: number
  readonly copiesSteps: number
  readonly idle: number
  readonly peak: number
}

/** How many posts each part of a trial sends. */
export interface Sizes {
  readonly oneByOne: number
  readonly burst: number
  readonly killed: number
  readonly copies: number
}

/** Runs all parts of a trial, one after the other, on a Deployment of its own. */
export const tryOut = async (stage: Stage, contender: Contender, name: string, sizes: Sizes): Promise<Trial> => {
  const [path = ''] = await stage.deployments([name])
  const start = await contender.prepare(stage, name)
  const receiver = await start()
  const stepsDuring = async (work: () => Promise<unknown>): Promise<number> => {
    const before = await stage.count(path)
    await work()
    return (await stage.count(path)) - before
  }
  // Connections are opened and code is loaded before anything is measured.
  for (let index = 0; index < 5; index++) await send(receiver.url, notification())
  const idle = memoryMiB(receiver.pid)
  const latencies = await oneByOne(receiver, sizes.oneByOne)
  const sent = { elapsed: 0, answered: 0, peak: 0 }
  const burstSteps = await stepsDuring(async () => Object.assign(sent, await burst(receiver, sizes.burst)))
  const copiesSteps = await stepsDuring(() => copies(receiver, sizes.copies))
  const killedSteps = await stepsDuring(async () => {
    const before = await stage.count(path)
    await killed(receiver, start, sizes.killed, async () => (await stage.count(path)) > before)
  })
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    burst: sent.elapsed,
    burstAnswered: sent.answered,
    burstSteps,
    killedSteps,
    copiesSteps,
    idle,
    peak: sent.peak,
  }
}

const oneByOne = async ({ url }: Receiver, count: number): Promise<readonly number[]> => {
  const latencies: number[] = []
  for (let index = 0; index < count; index++) {
    const body = notification()
    const began = performance.now()
    await send(url, body)
    latencies.push(performance.now() - began)
  }
  return latencies
}

/** Posts as many alerts at once, each by itself. */
const burst = async ({ pid, url }: Receiver, count: number) => {
  const bodies = Array.from({ length: count }, () => notification())
  let answered = 0
  let elapsed = 0
  const peak = await peakMemoryMiB(pid, async () => {
    const began = performance.now()
    const statuses = await Promise.all(bodies.map(body => send(url, body)))
    elapsed = performance.now() - began
    answered = statuses.filter(status => status === 200).length
  })
  return { elapsed, answered, peak }
}

/** Posts each alert twice, as two replicas of Alertmanager do, one after the other. */
const copies = async ({ url }: Receiver, count: number): Promise<void> => {
  for (let index = 0; index < count; index++) {
    const body = notification()
    await send(url, body)
    await send(url, body)
  }
}

/** Kills the receiver as soon as the first step is made, and starts it again. What was not answered is sent again. */
const killed = async (
  receiver: Receiver,
  start: () => Promise<Receiver>,
  count: number,
  hasBegun: () => Promise<boolean>,
): Promise<void> => {
  let { url } = receiver
  const sending = Promise.all(Array.from({ length: count }, () => sendUntilDone(() => url, notification())))
  while (!(await hasBegun())) await sleep(1)
  await receiver.kill()
  const again = await start()
  ;({ url } = again)
  await sending
  await again.kill()
}
