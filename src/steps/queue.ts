import { wait } from '../environment/wait.ts'
import type { Environment } from '../environment/environment.ts'
import { commit } from './commit.ts'
import { fold, type Folded, type FoldedStep } from './fold.ts'
import { readTarget, type Version } from './read.ts'
import type { Obstacle, Plan, Step, Target } from './steps.ts'

/** The wait before the API server is tried again, in milliseconds; it doubles up to the longest. */
const firstRetryMs = 50
const longestRetryMs = 800

/** One post that waits for its step. */
export interface Waiting {
  readonly plan: Plan
  readonly settle: (step: Step) => void
  /** waiting: it may still leave the queue. in flight: a write that contains it has been sent. */
  state: 'waiting' | 'in flight' | 'settled'
}

/** The queue of one target. It is worked off while it has entries; while one write is in flight the others wait. */
export interface TargetQueue {
  add(entry: Waiting): void
  /** Takes an entry out at the end of its time. What it answers depends on whether a write contains it. */
  expire(entry: Waiting): void
  readonly idle: boolean
}

/**
 * Group commit for one target: whatever waits is folded, in order, into the next marked write. `nextMark` gives a
 * field manager that no other write has; `count` is told of each write's result.
 */
export const targetQueue = (
  environment: Pick<Environment, 'api' | 'clock' | 'log'>,
  target: Target,
  nextMark: () => string,
  count: (result: string, posts: number) => void,
): TargetQueue => {
  const { api, clock, log } = environment
  let entries: Waiting[] = []
  let running = false
  /** The version after our last write or read. */
  let remembered: Version | undefined
  /** Someone else moves the version between our writes, so that reading first is cheaper than a conflict. */
  let readFirst = false
  /** The last write found no /scale, although the object was there. */
  let missing = false
  /** Why the last attempt failed; what a post is told whose time ends meanwhile. */
  let trouble: string | undefined
  let retryMs = firstRetryMs

  const settle = (entry: Waiting, step: Step): void => {
    if (entry.state === 'settled') return
    entry.state = 'settled'
    entry.settle(step)
  }

  const putBack = (batch: readonly Waiting[]): void => {
    const unsettled = batch.filter(entry => entry.state !== 'settled')
    for (const entry of unsettled) entry.state = 'waiting'
    entries = [...unsettled, ...entries]
  }

  const answer = (batch: readonly Waiting[], steps: readonly FoldedStep[]): void => {
    for (const [index, entry] of batch.entries()) {
      const folded = steps[index]
      if (folded) settle(entry, 'refused' in folded ? { step: 'refused', ...folded } : { step: 'done', ...folded })
    }
  }

  const fail = (batch: readonly Waiting[], reason: Obstacle, message: string): void => {
    remembered = undefined
    for (const entry of batch) settle(entry, { step: 'failed', reason, message })
  }

  const pause = async (message: string, askedMs: number | undefined): Promise<void> => {
    trouble = message
    await wait(clock, Math.min(askedMs ?? retryMs, longestRetryMs))
    retryMs = Math.min(retryMs * 2, longestRetryMs)
  }

  /** The present version; undefined when there is none, and whoever waited has been told or waits for the next turn. */
  const readNow = async (): Promise<Version | undefined> => {
    const asked = new Set(entries)
    const found = await readTarget(api, target)
    switch (found.state) {
      case 'found':
        readFirst &&= found.version.resourceVersion !== remembered?.resourceVersion
        remembered = found.version
        trouble = undefined
        return found.version
      case 'obstacle':
        entries = entries.filter(entry => !asked.has(entry))
        fail([...asked], found.reason, found.message)
        return undefined
      case 'unreachable':
        await pause(found.message, found.retryAfterMs)
        return undefined
    }
  }

  const write = async (batch: readonly Waiting[], version: Version, folded: Folded, fresh: boolean): Promise<void> => {
    for (const entry of batch) entry.state = 'in flight'
    const waitedFor = (): boolean => batch.some(entry => entry.state !== 'settled')
    const written = await commit(environment, target, nextMark(), version, folded.to, waitedFor)
    count(written.write, batch.length)
    remembered = written.write === 'applied' ? written.version : undefined
    switch (written.write) {
      case 'applied':
        trouble = undefined
        missing = false
        retryMs = firstRetryMs
        return answer(batch, folded.steps)
      case 'stale':
        readFirst ||= !fresh
        return putBack(batch)
      case 'missing':
        if (missing) return fail(batch, 'NotScalable', `${target.type.kind}/${target.name} has no /scale`)
        missing = true
        return putBack(batch)
      case 'refused':
        return fail(batch, written.reason, written.message)
      case 'not sent':
        putBack(batch)
        return await pause(written.message, written.retryAfterMs)
      case 'unknown':
        for (const entry of batch) settle(entry, { step: 'unknown' })
    }
  }

  /** One write, or the answers to posts that need none. */
  const turn = async (): Promise<void> => {
    const fresh = remembered === undefined || readFirst
    const asked = new Set(fresh ? entries : [])
    const version = fresh ? await readNow() : remembered
    if (!version) return
    let batch = entries.filter(entry => entry.state === 'waiting')
    entries = batch
    let folded = foldAll(version, batch)
    entries = []
    if (folded.to === version.count) {
      // No write will prove the count, so that a post may only be answered from a read that began after it arrived.
      // Those that did arrive before stand in front; the others wait for the next turn.
      const proven = batch.filter(entry => asked.has(entry)).length
      putBack(batch.slice(proven))
      batch = batch.slice(0, proven)
      folded = foldAll(version, batch)
    }
    if (folded.to !== version.count) return await write(batch, version, folded, fresh)
    // All are at their bounds or cancel out. Writing the same count would leave a mark beside the ones before it.
    answer(batch, folded.steps)
    if (!fresh) remembered = undefined
  }

  const run = async (): Promise<void> => {
    running = true
    try {
      while (entries.length > 0) await turn()
    } catch (error) {
      // A plan or a connection broke its contract. Whoever waits is told now; no write of theirs is on its way.
      log.error({ target: target.name, namespace: target.namespace, error }, 'a step failed in a way it never should')
      const message = 'an internal error: see the log'
      for (const entry of entries) settle(entry, { step: 'unavailable', reason: 'ApiUnreachable', message })
      entries = []
    } finally {
      running = false
    }
  }

  return {
    add(entry) {
      entries.push(entry)
      if (!running) void run()
    },
    expire(entry) {
      if (entry.state === 'in flight') return settle(entry, { step: 'unknown' })
      // It is left where it stands, and passed over at the next fold: taking out ten thousand one by one takes a second.
      settle(
        entry,
        trouble === undefined
          ? { step: 'unavailable', reason: 'Contended', message: 'the target kept changing, or its queue was too long' }
          : { step: 'unavailable', reason: 'ApiUnreachable', message: trouble },
      )
    },
    get idle() {
      return !running
    },
  }
}

const foldAll = (version: Version, batch: readonly Waiting[]): Folded =>
  fold(
    version.count,
    batch.map(entry => entry.plan),
  )
