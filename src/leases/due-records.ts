import { dueAnnotation, leasesFinalizer, leasesLabel, hookKind } from '../api/names.ts'
import type { StoredObject } from '../api/object.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { fraction } from '../environment/chance.ts'
import type { Clock, Environment, Random } from '../environment/environment.ts'
import { parseTime } from '../environment/time.ts'
import type { ObjectChange } from '../kube/watch-objects.ts'
import type { RecordOwner } from '../record/memory.ts'
import type { LeaseEnds, LeasingHooks } from './leasing-hook.ts'

/**
 * After it is due, a record waits up to this time, in milliseconds. Then the first of several processes
 * has mostly ended what was to end, and the watch has reported that.
 */
const spreadMs = 2000

/** The waits before a record is looked at again, if something of it could not end. */
const retry: Backoff = { firstMs: 10_000, maxMs: 300_000 }

/** How soon a record is looked at again that may only have to wait for something, in milliseconds. */
const soonMs = 5000

/** How long a late report of a lease from before `endBefore` is expected, in milliseconds. */
const lateMs = 60_000

/** A record in which something ends by itself. Times are in milliseconds since the epoch, unless they say otherwise. */
export interface DueRecord {
  readonly owner: RecordOwner
  readonly version: string
  /** When something ends at the earliest, besides what could not end before. */
  readonly due: number
  /** How long after that the record is looked at. */
  readonly spread: number
  /** When to try again what could not end before, in monotonic milliseconds. Infinity if there is nothing. */
  readonly retryAt: number
  /**
   * When something ends at the earliest according to a later version, while something could not end. It
   * may be about that, so it counts only from `notBefore` on, in monotonic milliseconds.
   */
  readonly reportedDue: number
  readonly notBefore: number
  /** How often in a row something could not end. */
  readonly attempts: number
  /** The `endBefore` of the hook with which the record was last looked at. */
  readonly endedBefore: number | undefined
  /** Whether the record stays until all in it has ended, although its hook is deleted. */
  readonly isKept: boolean
  /** What the hook said about that when the record was last looked at. Undefined before. */
  readonly keptAs: boolean | undefined
  /**
   * Whether this process has known the hook, or the record has changed, since the last look at the record. True
   * before the first.
   */
  readonly mayBeGone: boolean
  /** Whether there was another hook of the name when the record was last looked at. */
  readonly wasReplaced: boolean
  /** When the record was deleted, which waits until all in it has ended. Undefined if it was not. */
  readonly deletedAt: number | undefined
}

export interface LookResult {
  /** When something ends next. Undefined: nothing does, besides what could not end now. */
  readonly due: number | undefined
  /**
   * Whether to look again although nothing is due. stuck: something could not end. soon: another
   * process is ending something, all hooks are stopped, or the API server did not answer.
   */
  readonly again?: 'stuck' | 'soon' | undefined
}

/** What this process knew of a record's hook when it began to look at the record. It may be behind what the look has read. */
export interface KnownBefore {
  readonly hook: LeaseEnds | undefined
  readonly isReplaced: boolean
}

/** What this process knows of the hooks of records. */
export type KnownHooks = Pick<LeasingHooks, 'known' | 'isReplaced'>

/** The records in which something ends by itself, and when each has to be looked at. It does no I/O. */
export class DueRecords {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  readonly #random: Random
  readonly #hooks: KnownHooks
  #records = new Map<string, DueRecord>()
  /** The records of the lists that are being read, by the namespace of the list. */
  readonly #listed = new Map<string | undefined, Map<string, DueRecord>>()

  constructor({ clock, random }: Pick<Environment, 'clock' | 'random'>, hooks: KnownHooks) {
    this.#clock = clock
    this.#random = random
    this.#hooks = hooks
  }

  get size(): number {
    return this.#records.size
  }

  /** Takes a change that the watch of labelled records reports, in a namespace or in all. */
  take(change: ObjectChange, now: number, namespace?: string): void {
    const listed = this.#listed.get(namespace) ?? new Map<string, DueRecord>()
    switch (change.type) {
      case 'list':
      case 'cut':
        this.#listed.delete(namespace)
        return
      case 'page':
        this.#listed.set(namespace, listed)
        for (const object of change.objects) this.#put(listed, object, now)
        if (change.large) this.#put(listed, change.large, now)
        return
      case 'listed': {
        const others = [...this.#records].filter(([, { owner }]) => (namespace ?? owner.namespace) !== owner.namespace)
        this.#records = new Map([...others, ...listed])
        this.#listed.delete(namespace)
        return
      }
      case 'put':
      case 'put large':
        return this.#put(this.#records, change.object, now)
      case 'remove':
        this.#records.delete(nameOf(change.object.metadata))
        return
      case 'bookmark':
        return
    }
  }

  /**
   * Returns the records to look at now, about those that were due first before others. Of many that are due at the
   * same moment, each process begins with others: two that do the same work make twice the requests.
   */
  dueAt(now: number): readonly DueRecord[] {
    return (
      [...this.#records.values()]
        .filter(record => this.#isDue(record, now))
        .map(record => ({ record, from: this.#firstOf(record) + record.spread }))
        // What is tried again has no such moment: the difference is not a number then.
        .sort((a, b) => a.from - b.from || a.record.spread - b.record.spread)
        .map(({ record }) => record)
    )
  }

  /** Notes what a look at a record has shown, and what was known of its hook before. */
  looked(look: DueRecord, { again, due = Infinity }: LookResult, before: KnownBefore): void {
    const { owner, version } = look
    const key = nameOf(owner)
    const known = this.#records.get(key)
    if (known?.owner.uid !== owner.uid) return
    const hook = this.#hooks.known(owner)
    const monotonic = this.#clock.monotonic()
    // What has become due since the last look has not been tried before, although something else is stuck.
    const tried = look.due <= this.#clock.now() ? 0 : known.attempts
    const attempts = again === 'stuck' ? tried + 1 : again === 'soon' ? known.attempts : 0
    const againMs = again === 'stuck' ? waitAfter(retry, attempts - 1) : again === 'soon' ? soonMs : Infinity
    const isSame = known.version === version
    // What has been stored meanwhile may end earlier, or be of what could not end.
    const later = isSame ? Infinity : known.due
    this.#records.set(key, {
      ...known,
      due: again === 'stuck' ? due : Math.min(due, later),
      retryAt: monotonic + againMs,
      reportedDue: isSame ? Infinity : Math.min(known.reportedDue, again === 'stuck' ? later : Infinity),
      notBefore: monotonic + retry.firstMs,
      attempts,
      // The hook may have been edited meanwhile.
      endedBefore: before.hook?.endBefore,
      keptAs: before.hook?.endsWithHook,
      wasReplaced: before.isReplaced,
      // While it was looked at, another process may have made a part of a claim.
      mayBeGone: hook !== undefined || (again === undefined && !isSame),
    })
  }

  /** Drops a record: its hook is gone. If the record changes, it is known again. A new hook of the name may have it by now. */
  drop({ owner }: DueRecord): void {
    const key = nameOf(owner)
    if (this.#records.get(key)?.owner.uid === owner.uid) this.#records.delete(key)
  }

  /**
   * Returns whether to look at a record now. A new `endBefore` may make it due earlier, and a new `onDelete`
   * has to be stored in it at once. What is tried again waits by the monotonic clock: the wall clock may
   * jump back.
   */
  #isDue(record: DueRecord, now: number): boolean {
    const { isKept, keptAs, mayBeGone, notBefore, owner, reportedDue, retryAt, spread } = record
    const hook = this.#hooks.known(owner)
    const { endsWithHook = isKept } = hook ?? {}
    // The hook may be deleted. The garbage collector may take long to say so by the record.
    if (isKept && mayBeGone && !hook) return true
    // What bounds keep back is given up for it.
    if (isKept && !record.wasReplaced && this.#hooks.isReplaced(owner)) return true
    if (endsWithHook !== isKept && endsWithHook !== keptAs) return true
    const monotonic = this.#clock.monotonic()
    return (
      this.#firstOf(record, hook) + spread <= now ||
      retryAt <= monotonic ||
      (reportedDue + spread <= now && notBefore <= monotonic)
    )
  }

  /** Returns when something of a record ends at the earliest, also by an `endBefore` that is new. */
  #firstOf({ due, endedBefore, owner }: DueRecord, hook = this.#hooks.known(owner)): number {
    const endBefore = hook?.endBefore
    return endBefore === undefined || endBefore === endedBefore ? due : Math.min(due, endBefore)
  }

  #put(records: Map<string, DueRecord>, { metadata }: StoredObject, now: number): void {
    const key = nameOf(metadata)
    // Somebody may have added another owner.
    const hook = metadata.ownerReferences?.find(({ kind, name }) => kind === hookKind && name === metadata.name)
    const isKept = metadata.finalizers?.includes(leasesFinalizer) === true
    const deletedAt = metadata.deletionTimestamp === undefined ? undefined : parseTime(metadata.deletionTimestamp)
    // All that is open ends with the hook.
    const isGoing = isKept && deletedAt !== undefined
    const stored = parseTime(metadata.annotations?.[dueAnnotation] ?? '')
    const due = isGoing ? Math.min(stored, now) : stored
    if (!hook || metadata.labels?.[leasesLabel] === undefined || Number.isNaN(due)) return void records.delete(key)
    const { name, namespace = '', resourceVersion: version } = metadata
    const found = this.#records.get(key)
    const known = found?.owner.uid === hook.uid ? found : undefined
    if (known?.version === version) return void records.set(key, known)
    const endedBefore = known?.endedBefore
    const isStuck = known !== undefined && known.retryAt < Infinity
    records.set(key, {
      owner: { namespace, name, uid: hook.uid },
      version,
      due: isStuck ? known.due : due,
      reportedDue: isStuck ? due : Infinity,
      spread: known?.spread ?? Math.floor(fraction(this.#random) * spreadMs),
      retryAt: known?.retryAt ?? Infinity,
      attempts: known?.attempts ?? 0,
      notBefore: known?.notBefore ?? -Infinity,
      endedBefore: endedBefore !== undefined && endedBefore + lateMs < now ? endedBefore : undefined,
      isKept,
      keptAs: known?.isKept === isKept ? known.keptAs : undefined,
      mayBeGone: !isStuck || known.mayBeGone || this.#hooks.known(known.owner) !== undefined,
      wasReplaced: known?.wasReplaced ?? false,
      deletedAt,
    })
  }
}

const nameOf = ({ name, namespace = '' }: { readonly name: string; readonly namespace?: string }): string =>
  `${namespace}/${name}`
