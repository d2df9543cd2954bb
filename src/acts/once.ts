import { keyOf } from '../api/hash.ts'
import type { OpenAct } from '../api/record.ts'
import { notRun, type Outcome } from '../api/outcome.ts'
import type { Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait, within } from '../environment/wait.ts'
import {
  acted,
  askedEarly,
  begun,
  asksAbout,
  openAct,
  ranByActs,
  reportedByActs,
  unnamedActKey,
  withoutAct,
} from '../record/acts.ts'
import { mayRun, type DeliveryContext } from '../record/context.ts'
import { decided } from '../record/decided.ts'
import { isOfNextAlerts, reportOf } from '../record/groups.ts'
import { isOfOther, isRemembered, judge, reusedOfAct, windowOf } from '../record/judge.ts'
import type { Ruling } from '../record/ledger.ts'
import { momentOf } from '../record/memory.ts'
import { keepOf, roomForRun } from '../record/room.ts'
import { undecidedOutcome } from '../record/undecided.ts'
import { isAbandoned } from '../record/protocol.ts'
import type { MemoryDraft } from '../record/draft.ts'
import type { Act, Acts, ActOptions, Work } from './acts.ts'
import { actOf, doneOf, runningActs, type Running } from './running.ts'

/** The wait before the record is read again while another act blocks this one. */
const lookAgain: Backoff = { firstMs: 50, maxMs: 800 }

/**
 * The end of a post's time, in milliseconds, in which it does not look at a serial act again. Its process
 * could take the act up, learn that only after the answer, and do nothing. Others would wait ten seconds.
 */
const lastLookMs = 500

/** The acts of one process. */
export interface ActService {
  /**
   * Returns the acts of a delivery. On a dry run nothing is remembered, and all writes must be dry
   * runs too.
   */
  of(context: DeliveryContext): Acts
  /** Waits up to `ms` milliseconds for work in progress, then does not let it continue. */
  drain(ms: number): Promise<void>
  /** True if no work is in progress. */
  readonly idle: boolean
}

export const actService = (environment: Pick<Environment, 'clock' | 'log' | 'random'>): ActService => {
  const running = runningActs(environment)
  return {
    of: context => ({
      once: (work, how = {}) =>
        context.dryRun ? preview(environment, context, work) : once(environment, running, context, work, how),
      settle: (id, outcome) => (context.dryRun ? Promise.resolve(true) : settle(environment, context, id, outcome)),
    }),
    drain: ms => running.drain(ms),
    get idle() {
      return running.idle
    },
  }
}

/** The record's decision about an act. */
type Begun =
  | {
      readonly begun: 'act'
      readonly act: OpenAct
      /** True if the delivery has begun it before. */
      readonly isOwn: boolean
      /** When this process was given a serial act, in monotonic milliseconds. Absent if it may only join the work. */
      readonly givenAt?: number
    }
  | { readonly begun: 'skipped'; readonly outcome: Outcome }
  /** Another act must end first. */
  | { readonly begun: 'later' }

const once = async (
  { clock, random }: Pick<Environment, 'clock' | 'random'>,
  running: Running,
  context: DeliveryContext,
  work: Work,
  how: ActOptions,
): Promise<Outcome> => {
  const { deadline, delivery } = context
  const fresh = (): string => Buffer.from(random.bytes(16)).toString('base64url')
  if (!isRemembered(context) && !how.serial) {
    if (!mayRun(context)) return { outcome: 'changed' }
    const act = { key: '', at: clock.now(), id: fresh() }
    return await running.answer(act, work, { deadline })
  }
  const ledger = context.ledger()
  const { identity } = delivery
  const key = identity ? keyOf(identity.key) : unnamedActKey(fresh())
  const mayContinue = (): boolean => clock.monotonic() < deadline
  let looks = 0
  while (mayContinue()) {
    const begin = (draft: MemoryDraft, now: number): Ruling<Begun> => {
      const beginning = { key, context, running, ...(how.serial && { serial: { givenAt: clock.monotonic() } }) }
      // What is not stored cannot show that the record was read before another replica wrote it.
      if (how.asks) return { ...beginIn(draft.fork(), now, beginning), needsNewest: true }
      return beginIn(draft, now, beginning)
    }
    const made = await within(clock, deadline - clock.monotonic(), ledger.decide(begin, { mayContinue }))
    if (!made || made.decided === 'given up') break
    if (made.decided !== 'stored') return undecidedOutcome(made)
    const { result } = made
    if (result.begun === 'skipped') return result.outcome
    if (result.begun === 'act') {
      const { givenAt } = result
      const waits = how.serial
        ? givenAt === undefined && !running.isRunning(result.act)
        : how.alone && result.isOwn && !isAbandoned(result.act, clock.now()) && !running.has(result.act)
      if (!waits) {
        // The hook may have changed while the post waited. Work in progress is joined all the same.
        if (!running.isRunning(result.act) && !mayRun(context)) {
          if (!result.isOwn) ledger.later(draft => withoutAct(draft, result.act))
          else if (givenAt !== undefined) running.leave(result.act)
          return { outcome: 'changed' }
        }
        const { isAskable } = context
        const remembering = how.asks ? {} : { ledger }
        const asked = { ...remembering, deadline, isNamed: identity !== undefined, isAskable, isResumed: result.isOwn }
        return await running.answer(result.act, work, { ...asked, ...(givenAt !== undefined && { givenAt }) })
      }
    }
    await wait(clock, Math.min(waitAfter(lookAgain, looks++), Math.max(0, deadline - clock.monotonic())))
    if (how.serial && deadline - clock.monotonic() < lastLookMs) break
  }
  return { outcome: 'unavailable', reason: 'Contended', message: 'another delivery of this hook is not finished yet' }
}

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
  const settling = (draft: MemoryDraft): Ruling<undefined> => {
    const act = (draft.fields.acts ?? []).find(open => open.id === id)
    if (act) acted(draft, act, doneOf(outcome, true))
    return { result: undefined, needsNewest: true }
  }
  const mayContinue = (): boolean => clock.monotonic() < deadline
  const made = await within(clock, deadline - clock.monotonic(), context.ledger().decide(settling, { mayContinue }))
  return made?.decided === 'stored'
}

interface Beginning {
  readonly key: string
  readonly context: DeliveryContext
  /** Absent on a dry run. */
  readonly running?: Pick<Running, 'isHeld' | 'isRunning'>
  /** Present for a serial act. */
  readonly serial?: { readonly givenAt: number }
}

/** Decides what to do for a delivery. Begins a new act if necessary. */
const beginIn = (draft: MemoryDraft, now: number, { context, key, running, serial }: Beginning): Ruling<Begun> => {
  const { cooldownMs, delivery, hook, limits, signed } = context
  const { newsAt, repeats } = delivery.identity ?? {}
  // Returns whether an open act has the signed body of this delivery, which counts only once. It
  // may have another key.
  const isCounted = ({ at, body }: OpenAct): boolean =>
    signed !== undefined && body === signed.body && Math.abs(now - at) < signed.withinMs
  const own = openAct(draft, key)
  if (own && isOfOther(context, own)) {
    return { result: { begun: 'skipped', outcome: notRun(reusedOfAct) } }
  }
  const isWorkedOn = own !== undefined && running?.isRunning(own) === true
  // A post without a body may only ask. The work needs the body.
  if (own && !isWorkedOn && asksAbout(context, own)) {
    return { result: { begun: 'skipped', outcome: askedEarly }, needsNewest: true }
  }
  const seen = draft.fork()
  ranByActs(seen)
  reportedByActs(seen, delivery)
  const isSame =
    own &&
    (isCounted(own) ||
      (Math.abs(now - own.at) < windowOf(context) && !isOfNextAlerts(seen, delivery, own)) ||
      (newsAt !== undefined && !repeats && newsAt <= (own.newsAt ?? -Infinity)))
  // While the hook was closed, a copy was skipped, which may be final. Nobody works on the act by then.
  const row = own && isSame ? draft.get(key) : undefined
  if (own && row?.state === 'skipped' && row.at > own.at) {
    const judged = judge(seen, context, now)
    if (judged.judgement === 'skip' && !judged.remember) {
      return { result: { begun: 'skipped', outcome: notRun(judged) }, needsNewest: true }
    }
  }
  // The delivery continues its open act, which does the rest of the work.
  if (own && isSame && (!serial || isWorkedOn)) {
    return { result: { begun: 'act', act: own, isOwn: true }, needsNewest: true }
  }
  // Each act is asked about, and not only the first that is held: its ten seconds begin when it is first seen.
  if (serial && running && (draft.fields.acts ?? []).filter(running.isHeld).length > 0) {
    return { result: { begun: 'later' }, needsNewest: true }
  }
  if (serial && own && isSame) {
    const act = { ...own, turn: (own.turn ?? 0) + 1 }
    begun(draft, act)
    return { result: { begun: 'act', act, isOwn: true, givenAt: serial.givenAt } }
  }
  const inOrder = cooldownMs > 0
  const others = (draft.fields.acts ?? []).filter(act => act.key !== key)
  if (others.some(act => isCounted(act) || (inOrder && !isAbandoned(act, now)))) {
    return { result: { begun: 'later' }, needsNewest: true }
  }
  const judged = judge(seen, context, now)
  switch (judged.judgement) {
    case 'skip': {
      if (judged.remember) decided(draft, context, now, { state: 'skipped', reason: judged.reason })
      return { result: { begun: 'skipped', outcome: notRun(judged) }, needsNewest: 'mayBeNext' in judged }
    }
    case 'full': {
      const outcome = { outcome: 'unavailable', reason: 'RecordFull', message: judged.message } as const
      return { result: { begun: 'skipped', outcome } }
    }
    case 'unfinished':
    case 'undo':
      return { result: { begun: 'later' }, needsNewest: true }
    case 'new': {
      // Acts in progress may reach a limit, or come to nothing.
      if (limits && roomForRun(draft, limits, now).room === 'perhaps') {
        return { result: { begun: 'later' }, needsNewest: true }
      }
      const act = {
        key,
        ...momentOf({ at: now, newsAt, body: signed?.body, of: context.of }),
        ...(repeats && { repeats }),
        ...(delivery.group && { report: reportOf(delivery.group) }),
        id: keyOf(JSON.stringify([hook.uid, key, repeats ? now : (newsAt ?? now)])),
        ...(limits && { keep: keepOf(limits) }),
      }
      begun(draft, act)
      return { result: { begun: 'act', act, isOwn: false, ...(serial && { givenAt: serial.givenAt }) } }
    }
  }
}

/** Returns the outcome that a delivery would have now, for a dry run. */
const preview = async (
  { clock, random }: Pick<Environment, 'clock' | 'random'>,
  context: DeliveryContext,
  work: Work,
): Promise<Outcome> => {
  const { deadline, delivery } = context
  if (!mayRun(context)) return { outcome: 'changed' }
  const mayContinue = (): boolean => clock.monotonic() < deadline
  const now = clock.now()
  const id = Buffer.from(random.bytes(16)).toString('base64url')
  let act: Act = { id, at: now }
  if (isRemembered(context)) {
    const key = delivery.identity ? keyOf(delivery.identity.key) : id
    const deciding = context
      .ledger()
      .decide((draft, at) => beginIn(draft.fork(), at, { key, context }), { mayContinue })
    const made = await within(clock, deadline - clock.monotonic(), deciding)
    if (made && made.decided !== 'stored' && made.decided !== 'given up') return undecidedOutcome(made)
    const begun = made?.decided === 'stored' ? made.result : undefined
    if (begun?.begun === 'skipped') return begun.outcome
    if (begun?.begun !== 'act')
      return {
        outcome: 'unavailable',
        reason: 'Contended',
        message: 'another delivery of this hook is not finished yet',
      }
    act = actOf(begun.act)
  }
  const worked = await within(
    clock,
    deadline - clock.monotonic(),
    work(act, () => Promise.resolve(mayContinue()), () => {}),
  )
  return (
    worked?.outcome ?? {
      outcome: 'unavailable',
      reason: 'Unfinished',
      message: 'it would take longer than an answer may',
    }
  )
}
