import { keyOf } from '../api/hash.ts'
import type { Outcome } from '../api/outcome.ts'
import type { Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait, within } from '../environment/wait.ts'
import { acted, openAct, unnamedActKey, withoutAct } from '../record/acts.ts'
import { mayRun, isRemembered, type DeliveryContext } from '../record/context.ts'
import { isAbandoned } from '../record/due.ts'
import { decideBy } from '../record/ledger.ts'
import { refusedAt, type OpenClaim } from '../record/protocol.ts'
import { undecidedOutcome, waitedForOther, type Ruling } from '../record/ruling.ts'
import type { MemoryDraft } from '../record/draft.ts'
import type { Act, Acts, ActOptions, Work } from './acts.ts'
import { beginIn, type Begun } from './begin.ts'
import { actOf, doneOf, runningActs, type Running } from './running.ts'

/** The wait before the record is read again while another act blocks this one. */
const lookAgain: Backoff = { firstMs: 50, maxMs: 800 }

/**
 * The end of a post's time, in milliseconds, in which it does not look at a serial act again. Its process
 * could take the act up, learn that only after the answer, and do nothing. Others would wait ten seconds.
 */
const lastLookMs = 500

/**
 * Returns a function that settles the claim of an earlier step. It is called again while the claim blocks
 * the delivery.
 */
export type SettlerFor = (context: DeliveryContext) => (claim: OpenClaim) => Promise<void>

export type ActService = ReturnType<typeof actService>

/** Makes the acts of a process. `settlerFor` settles claims that steps of the hook have left. */
export const actService = (environment: Pick<Environment, 'clock' | 'log' | 'random'>, settlerFor: SettlerFor) => {
  const running = runningActs(environment)
  const world = { ...environment, running, settlerFor }
  return {
    /**
     * Returns the acts of a delivery. On a dry run nothing is remembered, and all writes must be dry
     * runs too.
     */
    of: (context: DeliveryContext): Acts => ({
      once: (work, how = {}) =>
        context.dryRun ? preview(environment, context, work) : once(world, context, work, how),
      settle: (id, outcome) => (context.dryRun ? Promise.resolve(true) : settle(environment, context, id, outcome)),
    }),
    /** Resolves with whether work on a delivery has begun, and has not ended. False if that could not be read in time. */
    isOpen: async (context: DeliveryContext): Promise<boolean> => {
      const { deadline, delivery } = context
      if (!delivery.identity) return false
      const key = keyOf(delivery.identity.key)
      const mayContinue = (): boolean => environment.clock.monotonic() < deadline
      const find = (draft: MemoryDraft): Ruling<boolean> => ({
        result: openAct(draft, key) !== undefined,
        needsNewest: true,
      })
      const made = await context.ledger().decide(find, { mayContinue })
      return made.decided === 'stored' && made.result
    },
    /** Waits up to `ms` milliseconds for work in progress, then does not let it continue. */
    drain: running.drain,
    /** True if no work is in progress. */
    get idle(): boolean {
      return running.idle
    },
  }
}

interface World extends Pick<Environment, 'clock' | 'random'> {
  readonly running: Running
  readonly settlerFor: SettlerFor
}

const once = async (
  { clock, random, running, settlerFor }: World,
  context: DeliveryContext,
  work: Work,
  how: ActOptions,
): Promise<Outcome> => {
  const { deadline, delivery } = context
  const freshId = (): string => Buffer.from(random.bytes(16)).toString('base64url')
  if (!isRemembered(context) && !how.serial) {
    if (!mayRun(context)) return { outcome: 'changed' }
    const act = { key: '', at: clock.now(), id: freshId() }
    return await running.answer(act, work, { deadline, ended: how.ended })
  }
  const ledger = context.ledger()
  const { identity } = delivery
  const key = identity ? keyOf(identity.key) : unnamedActKey(freshId())
  const settleClaim = settlerFor(context)
  let looks = 0
  while (clock.monotonic() < deadline) {
    const begin = (draft: MemoryDraft, now: number): Ruling<Begun> => {
      const beginning = { key, context, running, givenAt: how.serial && clock.monotonic() }
      // What is not stored cannot show that the record was read before another replica wrote it.
      if (how.asks) return { ...beginIn(draft.fork(), now, beginning), needsNewest: true }
      return beginIn(draft, now, beginning)
    }
    const made = await decideBy(clock, deadline, ledger, begin)
    if (!made || made.decided === 'given up') {
      // The act may be stored yet. No copy can continue it, and the answer says that nothing was changed.
      if (!identity && !how.asks) ledger.later(draft => withoutActOf(draft, key))
      break
    }
    if (made.decided !== 'stored') return undecidedOutcome(made)
    const { result } = made
    if (result.begun === 'skipped') {
      const now = clock.now()
      if (!how.asks && isFull(result.outcome)) ledger.later(draft => refusedAt(draft, now))
      return result.outcome
    }
    if (result.begun === 'act') {
      const { givenAt, isTakenUp = false } = result
      const waits = how.serial
        ? givenAt === undefined && !running.isRunning(result.act)
        : how.alone && result.isOwn && !isTakenUp && !isAbandoned(result.act, clock.now()) && !running.has(result.act)
      if (!waits) {
        // The hook may have changed while the post waited. Work in progress is joined all the same.
        if (!running.isRunning(result.act) && !mayRun(context)) {
          if (!result.isOwn) ledger.later(draft => withoutAct(draft, result.act))
          else if (givenAt !== undefined || isTakenUp) running.leave(result.act)
          return { outcome: 'changed' }
        }
        const { isAskable } = context
        return await running.answer(result.act, work, {
          ended: how.ended,
          ledger: how.asks ? undefined : ledger,
          deadline,
          givenAt,
          isNamed: identity !== undefined,
          isAskable,
          isResumed: result.isOwn,
        })
      }
    }
    if (result.begun === 'later' && result.claim) {
      await within(clock, deadline - clock.monotonic(), settleClaim(result.claim))
    } else {
      await wait(clock, Math.min(waitAfter(lookAgain, looks++), Math.max(0, deadline - clock.monotonic())))
    }
    if (how.serial && deadline - clock.monotonic() < lastLookMs) break
  }
  return waitedForOther
}

const withoutActOf = (draft: MemoryDraft, key: string): void => {
  const act = openAct(draft, key)
  if (act) withoutAct(draft, act)
}

const isFull = (outcome: Outcome): boolean => 'reason' in outcome && outcome.reason === 'RecordFull'

/**
 * Stores that an act of the delivery's hook is done, if it is open. Resolves with whether it is not
 * open any more.
 */
const settle = async (
  { clock }: Pick<Environment, 'clock'>,
  context: DeliveryContext,
  id: string,
  outcome: Outcome,
): Promise<boolean> => {
  const { deadline } = context
  const markDone = (draft: MemoryDraft, now: number): Ruling<undefined> => {
    const act = (draft.fields.acts ?? []).find(open => open.id === id)
    if (act) acted(draft, act, doneOf(outcome, true), now)
    return { result: undefined, needsNewest: true }
  }
  const made = await decideBy(clock, deadline, context.ledger(), markDone)
  return made?.decided === 'stored'
}

const ignoreProgress = (): void => {}

const tooLong = {
  outcome: 'unavailable',
  reason: 'Unfinished',
  message: 'it would take longer than an answer may take',
} as const

/** Returns the outcome that a delivery would have now, for a dry run. */
const preview = async (
  { clock, random }: Pick<Environment, 'clock' | 'random'>,
  context: DeliveryContext,
  work: Work,
): Promise<Outcome> => {
  const { deadline, delivery } = context
  if (!mayRun(context)) return { outcome: 'changed' }
  const now = clock.now()
  const id = Buffer.from(random.bytes(16)).toString('base64url')
  let act: Act = { id, at: now }
  if (isRemembered(context)) {
    const key = delivery.identity ? keyOf(delivery.identity.key) : id
    const begin = (draft: MemoryDraft, at: number): Ruling<Begun> => beginIn(draft.fork(), at, { key, context })
    const made = await decideBy(clock, deadline, context.ledger(), begin)
    if (made && made.decided !== 'stored' && made.decided !== 'given up') return undecidedOutcome(made)
    const begun = made?.decided === 'stored' ? made.result : undefined
    if (begun?.begun === 'skipped') return begun.outcome
    if (begun?.begun !== 'act') return waitedForOther
    act = actOf(begun.act)
  }
  const working = work(act, async () => clock.monotonic() < deadline, ignoreProgress)
  const worked = await within(clock, deadline - clock.monotonic(), working)
  return worked?.outcome ?? tooLong
}
