/**
 * The ends of leases: what a hook with `for` has changed is taken back by itself. Each trigger watches
 * the metadata of the records in which something ends. `due-records.ts` says when to look at which,
 * `ending.ts` what has to be done then. An end is a step like any other (`steps/`), so that it is made
 * once, however many processes see that it is due. Nothing here needs the controller.
 */

import { groupedBy } from '../environment/grouped.ts'
import type { Environment } from '../environment/environment.ts'
import { Shares } from '../environment/shares.ts'
import { wait } from '../environment/wait.ts'
import { leasesLabel } from '../api/names.ts'
import { watchCutsIn } from '../kube/follow.ts'
import { records } from '../kube/resources.ts'
import { checkedBy, type History } from '../kube/lease-history.ts'
import { watchObjects } from '../kube/watch-objects.ts'
import { actingIn } from '../record/context.ts'
import type { Ledgers } from '../record/ledgers.ts'
import type { Ledger } from '../record/ledger.ts'
import type { Memory, RecordOwner } from '../record/memory.ts'
import { closePart, endOf, partOn, type PartOf } from '../record/parts.ts'
import { isHold, shownCount } from '../record/count-name.ts'
import type { StepService } from '../steps/service.ts'
import { readTarget } from '../steps/target/read.ts'
import { parseTarget } from '../steps/target/text.ts'
import type { LeasingHook, LeasingHooks } from './leasing-hook.ts'
import {
  lookAtClaims,
  endBeforeOfDeleted,
  endingOf,
  isClosing,
  isLeftForGood,
  leftForGood,
  whyNotMade,
  nextDueOf,
  noteEnd,
  noteNow,
  noteOverdue,
  storeNow,
  withinMs,
  workIn,
  type EndResult,
  type Ending,
} from './ending.ts'
import { DueRecords, type DueRecord, type LookResult } from './due-records.ts'

/** How often the wall clock is read, in milliseconds. It may jump. */
const tickMs = 1000

/** How many ends a process makes at once, and how many of one target. Posts have their turn between them. */
const maxEnds = 32
const maxOfTarget = 4

interface LeaseParts {
  readonly hooks: LeasingHooks
  readonly ledgers: Ledgers
  readonly steps: Pick<StepService, 'end'>
  readonly charge: (owner: RecordOwner, bytes: number) => void
  readonly history?: History | undefined
}

/** The result of a look at a record that could not be read, or in which nothing may end now. */
const unread: LookResult = { due: undefined, again: 'soon' }

/** Ends leases when they are due. */
export class LeaseKeeper {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>
  /** The namespaces whose records are watched. Empty: all. */
  readonly #namespaces: readonly string[]
  readonly #parts: LeaseParts
  readonly #due: DueRecords
  /** The namespaces, names and uids of hooks whose records are being looked at. */
  readonly #atWork = new Set<string>()
  /** The places of the ends that are made at the same time, in all and of one target. */
  readonly #places = new Shares(maxEnds, maxOfTarget)
  #isTicking = false
  /** Why records cannot be watched, by the namespace of the watch. */
  readonly #cutBy = new Map<string | undefined, string>()

  constructor(
    environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>,
    namespaces: readonly string[],
    parts: LeaseParts,
  ) {
    this.#environment = environment
    this.#namespaces = namespaces
    this.#parts = parts
    this.#due = new DueRecords(environment, parts.hooks)
  }

  /** Watches records and ends what is due, until `stop` is aborted. */
  async run(stop: AbortSignal): Promise<void> {
    const namespaces = this.#namespaces.length === 0 ? [undefined] : this.#namespaces
    await Promise.all(namespaces.map(namespace => this.#watch(namespace, stop)))
  }

  /** Watches the records of one namespace, or of all. */
  async #watch(namespace: string | undefined, stop: AbortSignal): Promise<void> {
    const { clock, log, metrics } = this.#environment
    const source = {
      type: records,
      ...(namespace !== undefined && { namespace }),
      labelSelector: leasesLabel,
      isMetadataOnly: true,
    }
    const opened = checkedBy(this.#parts.history, source)
    for await (const change of watchObjects(this.#environment, source, stop, { opened })) {
      if (change.type === 'cut') {
        watchCutsIn(metrics).add({ resource: source.type.resource })
        const why = change.error instanceof Error ? change.error.message : String(change.error)
        const said = `leases may end late, because the records can't be watched: ${why}`
        if (!this.#cutBy.has(namespace)) log.warn({ resource: source.type.resource, namespace }, said)
        this.#cutBy.set(namespace, said)
      } else if (change.type !== 'list') this.#cutBy.delete(namespace)
      this.#due.take(change, clock.now(), namespace)
      if (this.#due.size > 0 && !this.#isTicking) void this.#tick(stop)
    }
  }

  /** Returns why leases may end late: the records cannot be watched. Undefined if they can. */
  readonly problem = (): string | undefined => this.#cutBy.values().next().value

  /** Looks at what is due each second, as long as there is any lease. */
  async #tick(stop: AbortSignal): Promise<void> {
    const { clock } = this.#environment
    this.#isTicking = true
    while (!stop.aborted && this.#due.size > 0) {
      this.#beginDue(stop)
      await wait(clock, tickMs, stop)
    }
    this.#isTicking = false
  }

  /** Begins to look at records that are due, as far as there is room. */
  #beginDue(stop: AbortSignal): void {
    for (const record of this.#due.dueAt(this.#environment.clock.now())) this.#begin(record, stop)
  }

  #begin(record: DueRecord, stop: AbortSignal): void {
    const key = `${record.owner.namespace}/${record.owner.name}/${record.owner.uid}`
    if (this.#atWork.has(key) || this.#atWork.size >= maxEnds) return
    this.#atWork.add(key)
    const { hooks } = this.#parts
    const before = { hook: hooks.known(record.owner), isReplaced: hooks.isReplaced(record.owner) }
    void this.#look(record)
      .catch((error: unknown) => {
        const { name, namespace } = record.owner
        this.#environment.log.error({ namespace, hook: name, error }, 'the end of a lease failed unexpectedly')
        return { due: undefined, again: 'stuck' } as const
      })
      .then(looked => {
        this.#atWork.delete(key)
        const now = this.#environment.clock.now()
        if (looked) this.#due.looked(record, looked, before)
        else this.#due.drop(record)
        // What found no free place, or no answer, waits for the next tick.
        const hasEnded = looked?.again !== 'soon' && (looked?.due ?? Infinity) > now
        if (hasEnded && this.#atWork.size <= maxEnds / 2 && !stop.aborted) this.#beginDue(stop)
      })
  }

  /** Ends what is due in a record. Returns undefined if its hook is gone, and nothing ends with it. */
  async #look(record: DueRecord): Promise<LookResult | undefined> {
    const { owner } = record
    const found = await this.#parts.hooks.find(owner)
    if (found.found === 'unknown' || found.found === 'stopped') return unread
    const hook = found.found === 'hook' ? found.hook : undefined
    if (!hook && !record.isKept) return undefined
    const ledger = this.#parts.ledgers.of(owner)
    const memory = await this.#read(ledger)
    if (memory === 'gone') return undefined
    // Only another version of this program can read it.
    if (memory === 'newer') return { due: undefined, again: 'stuck' }
    if (!memory) return unread
    const now = this.#environment.clock.now()
    const endBefore = hook ? hook.endBefore : endBeforeOfDeleted(memory, record.deletedAt ?? now)
    const terms = { endBefore, isDeleted: !hook, isReplaced: found.found === 'gone' && found.isReplaced }
    if (hook && hook.endsWithHook !== record.isKept && !(await this.#keep(ledger, hook.endsWithHook))) return unread
    const isCurrent = found.found === 'hook' ? found.hook.isCurrent : found.isCurrent
    const pays = (bytes: number): void => this.#parts.charge(owner, bytes)
    const ending = { owner, ledger, account: hook?.account, isCurrent, ...terms, charge: pays }
    const work = workIn(memory, now, terms)
    const ended = await this.#endAll(work.ends, ending, hook)
    const lates = ended.filter(each => typeof each === 'object').sort((a, b) => a.since - b.since)
    const [late] = lates
    const isLeft = ended.length < work.ends.length
    noteOverdue(ledger, memory, late, isLeft || work.isShared, this.#environment.clock.now())
    const open = await lookAtClaims(this.#environment, work, memory, ending)
    // The record's label goes with the notes. Until then, every other process has to look at the record, too.
    if (ended.includes('done') || work.claims.length > 0) await noteNow(ledger, this.#environment.clock)
    const isOther = ended.includes('held') || open
    const isStuck = late !== undefined || isOther
    if (!hook && isStuck && isLeftForGood(record, { lates, isOther }, now) && (await this.#keep(ledger, false))) {
      this.#environment.log.warn({ ...owner, parts: memory.parts?.length }, leftForGood)
      return undefined
    }
    // A claim may have become a part meanwhile. All of a deleted hook is due.
    if (!hook && !isStuck && (ledger.known()?.memory().parts ?? []).some(({ until }) => until !== undefined))
      return { due: now, again: 'soon' }
    const next = nextDueOf(ledger, endBefore, now)
    // What found no place keeps its turn. Ends for which there was no time are as stuck as those that took it.
    const from = ended.length === 0 ? Math.min(record.due, now) : isStuck && !ended.includes('done') ? next : now
    return { due: isLeft ? from : next, again: isStuck ? 'stuck' : work.isShared ? 'soon' : undefined }
  }

  /** Reads the newest record. Undefined if it cannot be read now. */
  async #read(ledger: Ledger): Promise<Memory | 'gone' | 'newer' | undefined> {
    const { clock } = this.#environment
    const end = clock.monotonic() + withinMs
    const read = await ledger.decide(draft => ({ result: draft.memory(), needsNewest: true }), {
      mayContinue: () => clock.monotonic() < end,
    })
    if (read.decided === 'gone' || read.decided === 'newer') return read.decided
    return read.decided === 'stored' ? read.result : undefined
  }

  /** Ends parts, a few at once of each target. Parts without a place or time wait for the next look: others have a turn. */
  async #endAll(
    parts: readonly PartOf[],
    ending: Ending,
    hook: LeasingHook | undefined,
  ): Promise<readonly EndResult[]> {
    // A target of this name in another namespace has places of its own.
    const queues = groupedBy(parts, ({ count }) => `${ending.owner.namespace}/${count.target}`)
    const { clock } = this.#environment
    const until = clock.monotonic() + withinMs
    const ended: EndResult[] = []
    const work = async (target: string, queue: PartOf[]): Promise<void> => {
      for (let part = queue.shift(); part; part = queue.shift()) {
        const leave = clock.monotonic() < until ? this.#places.take(target) : undefined
        if (!leave) return
        ended.push(await this.#end(part, ending, hook).finally(leave))
      }
    }
    const workers = [...queues].flatMap(([target, queue]) =>
      Array.from({ length: Math.min(maxOfTarget, queue.length) }, () => work(target, queue)),
    )
    await Promise.all(workers)
    return ended
  }

  async #end(part: PartOf, ending: Ending, hook: LeasingHook | undefined): Promise<EndResult> {
    const { clock, log } = this.#environment
    const { endBefore, isDeleted, isReplaced, ledger, owner } = ending
    const { count } = part
    const since = endOf(part.part, endBefore)
    const target = parseTarget(count.target, owner.namespace)
    if (!target) return await this.#close(part, ending, 'this version does not know the kind')
    // What holds a field has to end all the same: it is written on the object.
    if (shownCount(count.target) === hook?.autoscaled && !isHold(count.target))
      return await this.#close(part, ending, 'an autoscaler sets the count')
    const step = await this.#parts.steps.end(target, endingOf(ending, part, clock.monotonic() + withinMs))
    switch (step.outcome) {
      case 'done':
        // What bounds keep back must not keep a new hook of the name from its record.
        if (step.from === step.to)
          return isReplaced
            ? await this.#close(part, ending, 'bounds hold it back, and the hook was created again')
            : 'held'
        log.info(
          { namespace: owner.namespace, hook: owner.name, target: count.target, from: step.from, to: step.to },
          'a lease has ended',
        )
        const endedAt = clock.now()
        ledger.later(draft => noteEnd(draft, part, step, endedAt))
        return 'done'
      case 'skipped': {
        const open = step.reason === 'NothingToUndo' ? ledger.known() : undefined
        const left = open && partOn(open, part.part.key, count)
        // A report may have moved the end of the part meanwhile.
        if (!left || (!isDeleted && endOf(left, endBefore) > clock.now())) return 'done'
        // Its object may be another one of that name by now.
        const now = await readTarget(actingIn(this.#environment, ending).api, target)
        const isGone = now.state === 'found' ? now.version.uid !== count.uid : isClosing(now)
        const why = 'message' in now ? now.message : step.message
        return isGone ? await this.#close(part, ending, why) : { since, why }
      }
      case 'failed': {
        if (isClosing(step)) return await this.#close(part, ending, step.message)
        if (!isDeleted || step.reason !== 'Forbidden') return { since, why: step.message }
        // Only a write may be refused by a policy. Without the right to read, the namespace may be going.
        const now = await readTarget(actingIn(this.#environment, ending).api, target)
        const isUnreadable = now.state === 'blocked' && now.reason === 'Forbidden'
        return { since, why: step.message, isUnreadable }
      }
      case 'awaiting':
      case 'changed':
      case 'refused':
      case 'unavailable':
      case 'unknown':
        return { since, why: whyNotMade(step) }
    }
  }

  /**
   * Closes a part that does not end: its object is gone, something else sets the count, or bounds keep back what is left of a hook
   * that was made again.
   */
  async #close({ count, part }: PartOf, { endBefore, ledger, owner }: Ending, why: string): Promise<EndResult> {
    const { clock, log } = this.#environment
    const isClosed = await storeNow(ledger, clock, draft => closePart(draft, part.key, count))
    const given = { namespace: owner.namespace, hook: owner.name, target: count.target, delta: part.delta, why }
    if (isClosed) log.info(given, 'a lease is given up')
    return isClosed ? 'done' : { since: endOf(part, endBefore), why: "can't write the record" }
  }

  /** Stores whether what is leased ends with its hook, and with that the record's finalizer. */
  #keep(ledger: Ledger, endsWithHook: boolean): Promise<boolean> {
    return storeNow(ledger, this.#environment.clock, draft => draft.set({ endsWithHook }))
  }
}
