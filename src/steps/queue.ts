import type { Environment } from '../environment/environment.ts'
import { forbiddenTries } from '../kube/written.ts'
import { refusedAt } from '../record/changes.ts'
import { isRemembered } from '../record/judge.ts'
import type { Ledger } from '../record/ledger.ts'
import { foldBatch, type Batch, type Fold } from './batch.ts'
import { billOf } from './bill.ts'
import { helperOf } from './help.ts'
import { knownVersion } from './known.ts'
import { isNamed, lineOf, settle } from './line.ts'
import { patience } from './patience.ts'
import type { Step, Target } from './steps.ts'
import type { Waiting } from './claims.ts'
import { readTarget, type Version } from './target/read.ts'
import type { TargetWatches } from './target/watches.ts'
import { batchWriter, type QueueMetrics } from './writer.ts'

/**
 * How many posts one claim holds at most. With all that each may report of its alerts these are 150 kB of the megabyte
 * that a record can hold, and every process may have such a claim at the same time.
 */
const mostClaimed = 100

/** The queue of one target. It is worked off while it has entries; while one write is in flight the others wait. */
export interface TargetQueue {
  add(entry: Waiting): void
  /** Takes an entry out at the end of its time. What it answers depends on whether a write contains it. */
  expire(entry: Waiting): void
  readonly idle: boolean
}

/** What all queues of a process share. */
export interface QueueServices {
  readonly metrics: QueueMetrics
  /** Gives a field manager that no other write has. */
  readonly nextMark: () => string
  readonly watches: TargetWatches
}

/** Group commit for one target: whatever waits is folded, in order, into the next marked write. */
export const targetQueue = (
  { api: unmetered, clock, log }: Pick<Environment, 'api' | 'clock' | 'log'>,
  target: Target,
  { metrics, nextMark, watches }: QueueServices,
): TargetQueue => {
  const bill = billOf(unmetered)
  const environment = { api: bill.api, clock, log }
  const line = lineOf()
  const known = knownVersion(clock)
  const watch = watches.of(target, known)
  const waits = patience(clock)
  const helper = helperOf(environment, target, known, waits, metrics.looked)
  /** Those of the present turn, who pay for what it writes, for a fence as well. None after it: a queue outlives its posts. */
  let current: readonly Waiting[] = []
  let running = false
  /** How many reads in a row were forbidden. */
  let forbidden = 0

  // An entry is left where it stands, and passed over at the next fold: taking out ten thousand one by one takes a second.
  const expire = (entry: Waiting): void => giveUp(entry, unavailable(waits.trouble))

  const writer = batchWriter(environment, target, { line, known, waits, helper }, metrics, expire)

  /** The present version; undefined when there is none, and whoever waited has been told or waits for the next turn. */
  const read = async (asked: readonly Waiting[]): Promise<Version | undefined> => {
    const found = await readTarget(bill.api, target)
    switch (found.state) {
      case 'found':
        forbidden = 0
        waits.answered()
        return known.read(found.version)
      case 'obstacle':
        writer.forgetMissing()
        if (found.reason === 'Forbidden' && ++forbidden < forbiddenTries) await waits.pause(found.message)
        else {
          line.take(asked)
          known.forget()
          for (const entry of asked) settle(entry, { step: 'failed', reason: found.reason, message: found.message })
        }
        return undefined
      case 'unreachable':
        await waits.pause(found.message, found.retryAfterMs)
        return undefined
    }
  }

  /** The batch as it is to be written; undefined when whoever needed a memory has been told why there is none. */
  const fold = async (posts: readonly Waiting[], on: Fold, ledger: Ledger | undefined): Promise<Batch | undefined> => {
    const folded = await foldBatch(posts, on, ledger, message => waits.delayed(message))
    if (folded.folded === 'batch') return folded.batch
    if (folded.folded === 'nobody waits') return undefined
    for (const entry of posts) if (isRemembered(entry.context)) settle(entry, folded.step)
    line.putBack(posts)
    return undefined
  }

  /** One write, or the answers to posts that need none. */
  const turn = async (): Promise<void> => {
    const usable = known.usable(line.waiting().some(({ context }) => isRemembered(context)))
    const asked = usable ? [] : line.waiting()
    const version = usable ?? (await read(asked))
    if (!version) return
    watch.used(version)
    current = line.waiting()
    const ledger = ledgerOf(current)
    if (ledger && helper.isCrowded(ledger, version) && (await helper.fenceOff(ledger, version)) !== 'no') return
    current = together(current, ledger)
    line.take(current)
    const mark = nextMark()
    const batch = await fold(current, { target, version, mark, asked: new Set(asked) }, ledger)
    if (batch) {
      for (const entry of batch.changed) settle(entry, { step: 'changed' })
      if (ledger && batch.parts.some(({ part }) => part === 'full')) ledger.later(refusedAt(clock.now()))
      if (batch.entries.length < current.length) {
        const included = new Set(batch.entries)
        line.putBack(current.filter(entry => !included.has(entry)))
      }
      if (batch.changed.length === current.length) return
      if (batch.isWritten) await writer.write({ batch, mark, from: version, afterRead: !usable, ledger })
      else {
        // All are at their bounds or cancel out. Writing the same count would leave a mark beside the ones before it.
        if (usable) known.forget()
        await writer.answer(batch, version, ledger)
      }
    }
    // Last, since this turn itself records the claims that it had to finish. Tidying looks at the others.
    if (ledger) void helper.tidy(ledger)
  }

  const run = async (): Promise<void> => {
    running = true
    try {
      while (line.length > 0) {
        await turn()
        bill.share(current)
      }
    } catch (error) {
      // A plan or a connection broke its contract. Whoever waits is told now.
      log.error({ target: target.name, namespace: target.namespace, error }, 'a step failed in a way it never should')
      for (const entry of [...current, ...line.waiting()]) giveUp(entry, internalError)
      line.take(line.waiting())
    } finally {
      bill.share(current)
      current = []
      running = false
      helper.rest()
    }
  }

  return {
    add(entry) {
      line.add(entry)
      if (!running) void run()
    },
    expire,
    get idle() {
      return !running
    },
  }
}

/** Chooses the posts that one write may fold. A record is one hook's: the named posts of other hooks have a later turn. */
const together = (waiting: readonly Waiting[], ledger: Ledger | undefined): readonly Waiting[] => {
  let room = mostClaimed
  return waiting.filter(({ context }) => !isRemembered(context) || (context.ledger() === ledger && room-- > 0))
}

/** The record that a turn works on: that of the first post in whose delivery one has a say. */
const ledgerOf = (waiting: readonly Waiting[]): Ledger | undefined =>
  waiting.find(({ context }) => isRemembered(context))?.context.ledger()

const internalError: Step = {
  step: 'unavailable',
  reason: 'InternalError',
  message: "an internal error: see the trigger's log",
}

/** Says why a post had no turn within its time. */
const unavailable = (trouble: string | undefined): Step =>
  trouble === undefined
    ? { step: 'unavailable', reason: 'Contended', message: 'the target kept changing, or its queue was too long' }
    : { step: 'unavailable', reason: 'ApiUnreachable', message: trouble }

/** Ends a post's wait. Where a write that contains it may be stored, only a named one is told `why`. */
const giveUp = (entry: Waiting, why: Step): void =>
  settle(entry, entry.state === 'in flight' && !isNamed(entry) ? { step: 'unknown' } : why)
