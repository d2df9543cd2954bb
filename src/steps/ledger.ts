import type { Memory, RecentDelivery } from '../api/record.ts'
import type { Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { forbiddenTries } from './commit.ts'
import {
  putRecord,
  readRecord,
  type RecordOwner,
  type RecordPut,
  type RecordRead,
  type RecordVersion,
} from './record.ts'
import { joined, noted, noteOf, type Note, type Update } from './remember.ts'

/** The wait before the API server is tried again, in milliseconds; it doubles up to the longest. */
const firstRetryMs = 25
const longestRetryMs = 400

/** How many conflicts in a row are taken for writes of others, before there is a wait after each. */
const mostConflicts = 8

/** How many updates wait at most, while the API server is away. What is beyond is not told, and claims are found out again. */
const mostUpdates = 10_000

/** How many processes' last writes a record tells. */
const mostWriters = 16

/** A judgement of a memory, and the memory that it leads to: the very same object when nothing is to be stored. */
export interface Decision<T> {
  readonly memory: Memory
  readonly result: T
  /** That it is right only on the newest memory, which is read for it where nothing is to be stored. */
  readonly needsNewest?: boolean
}

/** Judges a memory at `now`, in milliseconds since the epoch. Pure but for taking note: it may run many times. */
export type Judge<T> = (memory: Memory, now: number) => Decision<T>

export type Decided<T> =
  /**
   * Judged on the newest memory, and what follows is stored. Where nothing follows, the memory may be out of date, unless
   * the judgement asked for the newest.
   */
  | { readonly decided: 'stored'; readonly result: T }
  /** The hook is no more, or another has its name. Nothing was stored. */
  | { readonly decided: 'gone' }
  /** The API server will not have it. Nothing was stored. */
  | { readonly decided: 'refused'; readonly message: string }
  /** Nobody waits any more. What the last judgement led to may have been stored, or be stored still. */
  | { readonly decided: 'given up' }

/** Who waits for a decision. */
export interface Deciding {
  /** Whether anyone still waits. */
  readonly goOn: () => boolean
  /** What the last judgement led to was surely not stored. */
  readonly withdrawn?: () => void
  /** The API server cannot be asked just now, and why. */
  readonly delayed?: (message: string) => void
}

/** The record of one hook, as one process reads and writes it. */
export interface Ledger {
  readonly owner: RecordOwner
  /** What was last read or written, with the later updates; undefined before that. It may be out of date. */
  known(): Memory | undefined
  /** Judges the newest memory and stores what follows, by compare-and-swap; one decision at a time. */
  decide<T>(judge: Judge<T>, deciding: Deciding): Promise<Decided<T>>
  /** Stores an update with the next write, for which `flush` sees. */
  later(update: Update): void
  /** Tells of a delivery with the next write. However many wait to be told, they take the room of the newest. */
  note(delivery: RecentDelivery): void
  /** Stores the updates that wait. */
  flush(goOn: () => boolean): Promise<void>
  /** Whether updates wait. */
  readonly dirty: boolean
  /** When updates were last stored, with a decision or alone, in monotonic milliseconds. */
  readonly storedAt: number
  /** Whether nothing waits or goes on, so that it may be forgotten. */
  readonly idle: boolean
  /** How many rows of what was last read or written it keeps in memory. */
  readonly rows: number
}

/** `instance` names this ledger among all that write the record, in all processes. `dirtied` is told when updates begin to wait. */
export const openLedger = (
  { api, clock, log }: Pick<Environment, 'api' | 'clock' | 'log'>,
  owner: RecordOwner,
  instance: string,
  dirtied: (ledger: Ledger) => void,
): Ledger => {
  let known: Extract<RecordRead, { read: 'found' }> | undefined
  let updates: Update[] = []
  /** What the last of the updates tells of deliveries, while no write has been made of it. */
  let note: Note | undefined
  let storedAt = -Infinity
  /** What is known, with the updates: kept until either changes. */
  let current: Memory | undefined
  let writes = 0
  /** How many requests in a row were refused. */
  let refusals = 0
  /** Our writes of which nobody knows what became of them, and how many of the updates each would have stored. */
  let doubtful: readonly Doubtful[] = []
  let deciding = 0
  let turn: Promise<unknown> = Promise.resolve()

  const know = (version: typeof known, stored = 0): void => {
    known = version
    updates = updates.slice(stored)
    if (updates.length === 0) note = undefined
    if (stored > 0) storedAt = clock.monotonic()
    current = undefined
  }

  const updated = ({ memory }: RecordVersion): Memory =>
    (current ??= updates.reduce((so, update) => update(so), memory))

  const readAgain = async () => {
    const found = await readRecord(api, owner, () => {
      log.error({ namespace: owner.namespace, record: owner.name }, 'the record cannot be read: it begins anew')
    })
    know(found.read === 'found' ? found : undefined, found.read === 'found' ? storedBy(found) : 0)
    return found
  }

  /** How many of the updates are in a version already: it ends the doubts about all writes that it came before. */
  const storedBy = ({ memory, object }: RecordVersion): number => {
    const landed = doubtful.find(({ number }) => isSigned(memory, instance, number))
    doubtful = doubtful.filter(({ version }) => version === object?.metadata.resourceVersion)
    return landed?.updates ?? 0
  }

  /** A put whose outcome is made certain, while anyone waits: it is looked for, and sent again. */
  const putSurely = async (based: RecordVersion, memory: Memory, { delayed, goOn }: Deciding): Promise<RecordPut> => {
    let inDoubt = false
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      const written = await putRecord(api, owner, based, memory)
      inDoubt ||= written.put === 'unknown'
      // From here on a conflict may be with the first of our own requests.
      if (written.put === 'stored' || !inDoubt) return written
      if ('message' in written) delayed?.(written.message)
      await wait(clock, waitMs)
      if (!goOn()) return { put: 'unknown', message: 'nobody waits for it any more' }
      const now = await readAgain()
      if (now.read !== 'found') continue
      if (now.object && isSigned(now.memory, instance, writes)) return { put: 'stored', object: now.object }
      if (now.object?.metadata.resourceVersion !== based.object?.metadata.resourceVersion) return { put: 'conflict' }
    }
  }

  const store = async <T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> => {
    const { delayed, goOn, withdrawn } = waiting
    let retryMs = firstRetryMs
    let conflicts = 0
    const pause = async (message: string, askedMs = retryMs): Promise<void> => {
      delayed?.(message)
      await wait(clock, Math.min(askedMs, longestRetryMs))
      retryMs = Math.min(retryMs * 2, longestRetryMs)
    }
    while (goOn()) {
      const isFresh = known === undefined
      const based = known ?? (await readAgain())
      if (based.read !== 'found') {
        if (based.read === 'gone') return { decided: 'gone' }
        if (based.read === 'refused' && ++refusals >= forbiddenTries) {
          return { decided: 'refused', message: based.message }
        }
        await pause(based.message, 'retryAfterMs' in based ? based.retryAfterMs : undefined)
        continue
      }
      const included = updates.length
      note = undefined
      const before = updated(based)
      const { memory, needsNewest = false, result } = judge(before, clock.now())
      if (memory === before) {
        if (isFresh || !needsNewest) return { decided: 'stored', result }
        know(undefined)
        continue
      }
      writes += 1
      const signed = sign(memory, instance, writes)
      const written = await putSurely(based, signed, waiting)
      if (written.put === 'stored') {
        refusals = 0
        // After a doubt something newer may be known already.
        const isNewest = known === based || known === undefined
        know(isNewest ? { read: 'found', object: written.object, memory: signed } : known, included)
        return { decided: 'stored', result }
      }
      // What was just read stays known where there is no room for more: to find out what is over in it.
      const isFinal = written.put === 'refused' && !written.forbidden && isFresh
      if (written.put !== 'not sent' && !isFinal) know(undefined)
      if (written.put === 'unknown') {
        const version = based.object?.metadata.resourceVersion
        doubtful = [...doubtful, { number: writes, version, updates: included }]
        return { decided: 'given up' }
      }
      withdrawn?.()
      if (written.put === 'refused') {
        const isTold = written.forbidden && ++refusals >= forbiddenTries
        if (isFinal || isTold) return { decided: 'refused', message: written.message }
        if (written.forbidden) await pause(written.message)
      }
      if (written.put === 'not sent') await pause(written.message, written.retryAfterMs)
      // The others are through after a few: a server that always says so is not to be asked without a pause.
      if (written.put === 'conflict' && ++conflicts > mostConflicts) await pause('the record kept changing')
    }
    return { decided: 'given up' }
  }

  const decide = <T>(judge: Judge<T>, waiting: Deciding): Promise<Decided<T>> => {
    deciding += 1
    const mine = turn.then(() => store(judge, waiting)).finally(() => (deciding -= 1))
    turn = mine.catch(() => undefined)
    return mine
  }

  /** Answers whether there was room for it. */
  const later = (update: Update): boolean => {
    if (updates.length >= mostUpdates) return false
    note = undefined
    updates.push(update)
    current &&= update(current)
    if (updates.length === 1) dirtied(self)
    return true
  }

  const self: Ledger = {
    owner,
    known: () => known && updated(known),
    decide,
    later: update => void later(update),
    note: delivery => {
      const own = noteOf(delivery)
      if (note) {
        note = joined(own, note)
        updates[updates.length - 1] = noted(note)
        current &&= noted(own)(current)
      } else if (later(noted(own))) note = own
    },
    flush: async goOn => {
      if (updates.length === 0) return
      const flushed = await decide(memory => ({ memory: { ...memory }, result: undefined }), { goOn })
      if (flushed.decided !== 'refused' && flushed.decided !== 'gone') return
      const why = flushed.decided === 'refused' ? flushed.message : 'the hook is no more'
      log.warn({ namespace: owner.namespace, record: owner.name, why }, 'the record is not written')
      know(known, updates.length)
      doubtful = []
    },
    get dirty() {
      return updates.length > 0
    },
    get storedAt() {
      return storedAt
    },
    get idle() {
      return updates.length === 0 && deciding === 0
    },
    get rows() {
      return known?.memory.rows.length ?? 0
    },
  }
  return self
}

/** A write that may have been stored, or may be stored still in place of `version`. */
interface Doubtful {
  readonly number: number
  readonly version: string | undefined
  readonly updates: number
}

/** Puts the number of a process's write into the memory that it stores. */
const sign = (memory: Memory, id: string, writes: number): Memory => ({
  ...memory,
  writers: [{ id, writes }, ...memory.writers.filter(writer => writer.id !== id)].slice(0, mostWriters),
})

const isSigned = ({ writers }: Memory, instance: string, number: number): boolean =>
  writers.some(({ id, writes }) => id === instance && writes === number)
