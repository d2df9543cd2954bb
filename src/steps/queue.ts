import { wait } from '../environment/wait.ts'
import type { Environment } from '../environment/environment.ts'
import { foldBatch, isUnsettled, partsOf, stepOf, untoldStep, type Batch, type Fold, type Waiting } from './batch.ts'
import { originOf } from './claims.ts'
import { commit, forbiddenTries } from './commit.ts'
import { fence } from './fence.ts'
import { abandonedIn, finishClaim, lookAtAbandoned, recordOutcome, type Finished, type HelpPart } from './finish.ts'
import { isUndo } from './judge.ts'
import type { Ledger } from './ledger.ts'
import { readTarget, type Version } from './read.ts'
import { dropped, ofVersion, type Origin } from './remember.ts'
import type { Obstacle, Step, Target } from './steps.ts'
import { targetText } from './target.ts'

/** The wait before the API server is tried again, in milliseconds; it doubles up to the longest. */
const firstRetryMs = 50
const longestRetryMs = 800

/**
 * How long a version is good for a write, in milliseconds: well within the history that the API server keeps, since
 * evidence needs all that happened after it.
 */
const rememberedMs = 60_000

/** How many conflicts in a row are taken for writes of others, before there is a wait after each. */
const mostConflicts = 8

/**
 * How many posts one claim holds at most. With all that each may report of its alerts these are 150 kB of the megabyte
 * that a record can hold, and every process may have such a claim at the same time.
 */
const mostClaimed = 100

/**
 * How many claims from one version may have been left behind before they are made impossible, which a write of the same
 * count does for all of them at once: each name that is refused leaves one, and a record can be full.
 */
const mostAbandoned = 200

/** The queue of one target. It is worked off while it has entries; while one write is in flight the others wait. */
export interface TargetQueue {
  add(entry: Waiting): void
  /** Takes an entry out at the end of its time. What it answers depends on whether a write contains it. */
  expire(entry: Waiting): void
  readonly idle: boolean
}

/** What is told of a queue's work. */
export interface Telling {
  /** A write's result, and how many posts were in it. */
  readonly count: (result: string, posts: number) => void
  /** What the evidence of a lost answer said. */
  readonly looked: (evidence: string) => void
}

/**
 * Group commit for one target: whatever waits is folded, in order, into the next marked write. `nextMark` gives a
 * field manager that no other write has.
 */
export const targetQueue = (
  environment: Pick<Environment, 'api' | 'clock' | 'log'>,
  target: Target,
  nextMark: () => string,
  { count, looked }: Telling,
): TargetQueue => {
  const { api, clock, log } = environment
  let entries: Waiting[] = []
  /** Those of the present turn. */
  let current: readonly Waiting[] = []
  let running = false
  /** The version after our last write or read, and when it was learnt, in monotonic milliseconds. */
  let remembered: Version | undefined
  let rememberedAt = -Infinity
  /** Someone else moves the version between our writes, so that reading first is cheaper than a conflict. */
  let readFirst = false
  /** The uid of the object whose /scale the last write did not find. It may have been deleted since it was read. */
  let missing: string | undefined
  /** Why the last attempt failed; what a post is told whose time ends meanwhile. */
  let trouble: string | undefined
  let retryMs = firstRetryMs
  let conflicts = 0
  let tidying = false
  /** How many reads in a row were forbidden. */
  let forbidden = 0
  /** The version that cannot be fenced. It is tried again when the queue has been idle: policies are taken back. */
  let unfenced: string | undefined
  /** The version that was fenced in this turn: nothing that was claimed from it is in the way any more. */
  let fenced: Origin | undefined
  /** The marks of abandoned claims whose writes may still be made. */
  const open = new Set<string>()

  const settle = (entry: Waiting, step: Step): void => {
    if (entry.state === 'settled') return
    entry.state = 'settled'
    entry.settle(step)
  }

  const putBack = (batch: readonly Waiting[]): void => {
    const unsettled = batch.filter(isUnsettled)
    for (const entry of unsettled) entry.state = 'waiting'
    entries = [...unsettled, ...entries]
  }

  const fail = (batch: readonly Waiting[], reason: Obstacle, message: string): void => {
    remembered = undefined
    for (const entry of batch) settle(entry, { step: 'failed', reason, message })
  }

  /**
   * The server will not have a write that others may send as well, and who sends it next may be let through: so nothing
   * is certain for a post without a name. A named one is told, and is executed if it is sent again.
   */
  const failShared = (batch: Batch, reason: Obstacle, message: string): void => {
    remembered = undefined
    for (const [entry, part] of partsOf(batch)) {
      if (part?.part !== 'step') continue
      settle(entry, entry.recorded?.delivery.identity ? { step: 'failed', reason, message } : { step: 'unknown' })
    }
    putBack(batch.entries)
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
        forbidden = 0
        readFirst &&= found.version.resourceVersion !== remembered?.resourceVersion
        remembered = found.version
        rememberedAt = clock.monotonic()
        trouble = undefined
        return found.version
      case 'obstacle':
        missing = undefined
        if (found.reason === 'Forbidden' && ++forbidden < forbiddenTries) {
          await pause(found.message, undefined)
          return undefined
        }
        entries = entries.filter(entry => !asked.has(entry))
        fail([...asked], found.reason, found.message)
        return undefined
      case 'unreachable':
        await pause(found.message, found.retryAfterMs)
        return undefined
    }
  }

  /**
   * Tells each entry what became of it; those whose turn has not come wait for the next one. `version` is what they were
   * folded on.
   */
  const answer = async (batch: Batch, version: Version, ledger: Ledger | undefined): Promise<void> => {
    const helped: [Waiting, HelpPart][] = []
    const told = new Map<string, Finished>()
    fenced = undefined
    const again: Waiting[] = []
    for (const [entry, part] of partsOf(batch)) {
      if (part?.part === 'help') helped.push([entry, part])
      else if (part === undefined || part.part === 'wait') again.push(entry)
      else settle(entry, stepOf(part))
    }
    for (const [entry, part] of helped)
      if (ledger && (await help(ledger, entry, part, version, told))) again.push(entry)
    putBack(again)
  }

  /**
   * Finishes what another process has claimed. Answers whether the entry has to be judged again after that. `told` is what
   * came of it for others just now, by the mark of what they met.
   */
  const help = async (
    ledger: Ledger,
    entry: Waiting,
    part: HelpPart,
    version: Version,
    told: Map<string, Finished>,
  ): Promise<boolean> => {
    // Its time may have ended while another was helped: what has been answered must not come back.
    if (!isUnsettled(entry)) return false
    const { mark } = part.claim
    if (fenced && ofVersion(fenced)(part.claim)) return true
    const met = told.get(mark)
    if (!met) entry.state = 'in flight'
    const done = met ?? (await finishClaim(environment, ledger, part, { looked, goOn: () => isUnsettled(entry) }))
    if (!met) remembered = undefined
    if (done.finished === 'other') return true
    if (done.finished === 'refused' && (await makesWay(ledger, entry, part, version))) {
      told.set(mark, { finished: 'other' })
      return true
    }
    // What was given up because the time of this one was over says nothing of the others.
    if (done.finished !== 'own' && isUnsettled(entry)) told.set(mark, done)
    settle(entry, done.step)
    return false
  }

  /** Gets a write out of the way that the server refuses. Answers whether the entry has to be judged again after that. */
  const makesWay = async (
    ledger: Ledger,
    { plan, recorded }: Waiting,
    { claim, own }: HelpPart,
    version: Version,
  ): Promise<boolean> => {
    // Another target's version cannot be moved from here.
    if (claim.target !== targetText(target)) return false
    // It can be made from the newest version alone, and that is not this one any more.
    if (!ofVersion(originOf(target, version))(claim)) return true
    // The very count that has been refused just now would be refused again.
    const isUndoing = recorded && isUndo(recorded)
    const asksForThat = plan(version.count, own?.undoes ?? 0) === claim.to && (!isUndoing || own?.undoes !== undefined)
    return !asksForThat && (await fenceOff(ledger, version))
  }

  /** Makes all writes from a version impossible. Answers whether it is worth another look at what stands in the way. */
  const fenceOff = async (ledger: Ledger, version: Version): Promise<boolean> => {
    if (unfenced === version.resourceVersion) return false
    const made = await fence(api, target, version)
    switch (made.fenced) {
      case 'yes':
        remembered = undefined
        if (!made.isOurs) {
          if (++conflicts > mostConflicts) await wait(clock, firstRetryMs)
          return true
        }
        fenced = originOf(target, version)
        ledger.later(dropped(ofVersion(fenced)))
        log.info(
          { namespace: target.namespace, target: target.name, version: version.resourceVersion },
          'the writes from this version that the API server refused are made impossible',
        )
        return true
      case 'no':
        unfenced = version.resourceVersion
        return false
      case 'unknown':
        await pause(made.message, made.retryAfterMs)
        return true
    }
  }

  /** What earlier processes have left unfinished, one at a time and beside the work: nobody waits for it. */
  const tidy = async (ledger: Ledger): Promise<void> => {
    if (tidying) return
    tidying = true
    await lookAtAbandoned(environment, ledger, looked, open).catch((error: unknown) =>
      log.error({ error }, 'an abandoned claim cannot be looked at'),
    )
    tidying = false
  }

  const write = async (batch: Batch, mark: string, from: Version, fresh: boolean, ledger?: Ledger): Promise<void> => {
    const waiting = batch.entries
    for (const entry of waiting) if (entry.state === 'waiting') entry.state = 'in flight'
    // What is skipped is skipped, whatever becomes of the write.
    for (const [entry, part] of partsOf(batch)) if (part?.part === 'skip') settle(entry, stepOf(part))
    const shared = batch.rows.length > 0
    const goOn = (): boolean => waiting.some(isUnsettled)
    const written = await commit(environment, { target, mark, from, to: batch.to, shared }, { goOn, looked })
    count(written.write, waiting.length)
    if (ledger) recordOutcome(log, ledger, mark, batch.rows, written)
    remembered = written.write === 'applied' ? written.version : undefined
    rememberedAt = clock.monotonic()
    switch (written.write) {
      case 'applied':
        trouble = undefined
        missing = undefined
        retryMs = firstRetryMs
        conflicts = 0
        return await answer(batch, from, ledger)
      case 'stale':
        readFirst ||= !fresh
        putBack(waiting)
        if (++conflicts > mostConflicts) await wait(clock, firstRetryMs)
        return
      case 'missing':
        if (shared) return failShared(batch, 'NotScalable', `${target.type.kind}/${target.name} has no /scale`)
        if (missing === from.uid)
          return fail(waiting, 'NotScalable', `${target.type.kind}/${target.name} has no /scale`)
        missing = from.uid
        return putBack(waiting)
      case 'refused':
        return shared
          ? failShared(batch, written.reason, written.message)
          : fail(waiting, written.reason, written.message)
      case 'not sent':
        putBack(waiting)
        return await pause(written.message, written.retryAfterMs)
      case 'untold':
        for (const [entry, part] of partsOf(batch)) {
          if (part?.part === 'step' || part?.part === 'refused') {
            settle(entry, entry.recorded?.delivery.identity ? untoldStep : { step: 'unknown' })
          }
        }
        return putBack(waiting)
      case 'unknown':
        for (const entry of waiting) expire(entry)
    }
  }

  /** The batch as it is to be written; undefined when whoever needed a memory has been told why there is none. */
  const decide = async (
    batch: readonly Waiting[],
    fold: Fold,
    ledger: Ledger | undefined,
  ): Promise<Batch | undefined> => {
    const decided = await foldBatch(batch, fold, ledger, message => (trouble = message))
    if (decided.folded === 'batch') return decided.batch
    if (decided.folded === 'nobody waits') return undefined
    for (const entry of batch) if (entry.recorded) settle(entry, decided.step)
    putBack(batch)
    return undefined
  }

  const isCrowded = (ledger: Ledger, version: Version): boolean => {
    const known = ledger.known()
    if (!known || known.rows.length < mostAbandoned) return false
    return abandonedIn(known, clock.now()).filter(ofVersion(originOf(target, version))).length >= mostAbandoned
  }

  /** One write, or the answers to posts that need none. */
  const turn = async (): Promise<void> => {
    if (clock.monotonic() - rememberedAt > rememberedMs) remembered = undefined
    const fresh = remembered === undefined || readFirst
    const asked = new Set(fresh ? entries : [])
    const version = fresh ? await readNow() : remembered
    if (!version) return
    const waiting = entries.filter(isUnsettled)
    const ledger = waiting.find(entry => entry.recorded)?.recorded?.ledger
    if (ledger && isCrowded(ledger, version) && (await fenceOff(ledger, version))) return
    // A record is one hook's: the named posts of the others have their turn after it.
    let room = mostClaimed
    const batch = waiting.filter(({ recorded }) => !recorded || (recorded.ledger === ledger && room-- > 0))
    const taken = new Set(batch)
    entries = waiting.filter(entry => !taken.has(entry))
    current = batch
    const mark = nextMark()
    const decided = await decide(batch, { target, version, mark, asked }, ledger)
    if (decided) {
      const included = new Set(decided.entries)
      putBack(batch.filter(entry => !included.has(entry)))
      if (decided.isWritten) await write(decided, mark, version, fresh, ledger)
      else {
        // All are at their bounds or cancel out. Writing the same count would leave a mark beside the ones before it.
        if (!fresh) remembered = undefined
        await answer(decided, version, ledger)
      }
    }
    // After those that had to be finished: what is found out of them is told by who has finished them.
    if (ledger) void tidy(ledger)
  }

  const run = async (): Promise<void> => {
    running = true
    try {
      while (entries.length > 0) await turn()
    } catch (error) {
      // A plan or a connection broke its contract. Whoever waits is told now.
      log.error({ target: target.name, namespace: target.namespace, error }, 'a step failed in a way it never should')
      trouble = 'an internal error: see the log'
      for (const entry of [...current, ...entries]) expire(entry)
      entries = []
    } finally {
      running = false
      unfenced = undefined
    }
  }

  const expire = (entry: Waiting): void => {
    // A named post may be sent again: its claim sees to it that it runs once.
    if (entry.state === 'in flight' && !entry.recorded?.delivery.identity) return settle(entry, { step: 'unknown' })
    // It is left where it stands, and passed over at the next fold: taking out ten thousand one by one takes a second.
    settle(
      entry,
      trouble === undefined
        ? { step: 'unavailable', reason: 'Contended', message: 'the target kept changing, or its queue was too long' }
        : { step: 'unavailable', reason: 'ApiUnreachable', message: trouble },
    )
  }

  return {
    add(entry) {
      entries.push(entry)
      if (!running) void run()
    },
    expire,
    get idle() {
      return !running
    },
  }
}
