import type { Environment } from '../environment/environment.ts'
import { Waits } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'
import { chargedOnce, type Charge } from '../kube/written.ts'
import { closerOf } from './closer.ts'
import type { Memory, RecordOwner } from './memory.ts'
import type { RecordLimits } from './pages.ts'
import { putRecord, readRecord, type RecordPut, type RecordRead, type RecordVersion } from './store.ts'

/** The wait before a write in doubt is looked for again, in milliseconds; it doubles up to the longest. */
const firstLookMs = 25
const longestLookMs = 400

/**
 * How long a version is good for a write where others write the record too, in milliseconds: a conflict costs two requests
 * more, and a read one.
 */
const goodForMs = 500

/** So many reads in a row that find nothing new show that nobody else writes it any more. */
const aloneAfter = 4

/** How many processes' last writes a record tells. */
const mostWriters = 16

export type FoundRecord = Extract<RecordRead, { read: 'found' }>

/** Who waits for a write. */
export interface Waiter {
  /** Whether anyone still waits. */
  readonly goOn: () => boolean
  /** The API server cannot be asked just now, and why. */
  readonly delayed?: (message: string) => void
}

/** The record object of one hook, changed by compare-and-swap. A write whose answer is lost is found by its signature. */
export interface Cell {
  /** The version that was last read or written; undefined where it may be out of date. */
  readonly known: FoundRecord | undefined
  /** The version that a write can be computed from; undefined where the newest has to be read first. */
  readonly usable: FoundRecord | undefined
  /** Why the record cannot be used, where a later version of this program wrote it. */
  readonly newer: string | undefined
  /** Reads the newest version. */
  read(): Promise<RecordRead>
  /** Stores a page of what is to be closed of a version; undefined where nothing is. */
  prepare(based: FoundRecord): Promise<void> | undefined
  /** Puts a memory in place of the version that it was computed from. It includes the first `updates` that wait. */
  put(based: FoundRecord, memory: Memory, updates: number, waiter: Waiter): Promise<RecordPut>
  /** The known version may be out of date. */
  forget(): void
  /** What waited is given up: no write in doubt is looked for any more. */
  endDoubts(): void
}

/** `instance` signs the writes; `stored` is told how many of the updates that wait turned out to be stored. */
export const cellOf = (
  { api, clock, log }: Pick<Environment, 'api' | 'clock' | 'log'>,
  owner: RecordOwner,
  instance: string,
  limits: RecordLimits,
  charge: Charge,
  stored: (updates: number) => void,
): Cell => {
  const closer = closerOf({ api, log }, owner, instance, limits, charge)
  let known: FoundRecord | undefined
  /** When that was, in monotonic milliseconds. */
  let knownAt = -Infinity
  /** How many reads in a row have found what was known. While they are too few, others write it between our writes. */
  let foundSame = aloneAfter
  let newer: string | undefined
  let writes = 0
  let doubtful: readonly Doubtful[] = []
  /** A write is being made: it may be in doubt already. */
  let isPutting = false

  /** Answers how many of the updates are in a version already: it ends the doubts about all writes that it came before. */
  const storedBy = ({ memory, object }: RecordVersion): number => {
    const landed = doubtful.find(({ number }) => isSigned(memory, instance, number))
    doubtful = doubtful.filter(({ version }) => version === object?.metadata.resourceVersion)
    return landed?.updates ?? 0
  }

  const learn = (found: FoundRecord | undefined): void => {
    known = found
    knownAt = clock.monotonic()
  }

  const read = async (): Promise<RecordRead> => {
    const { name, namespace } = owner
    const found = within(
      await readRecord(api, owner, {
        page: page => closer.page(page),
        unreadable: what => log.error({ namespace, record: name, what }, 'the record cannot be read: it begins anew'),
      }),
      limits,
    )
    const before = known?.object?.metadata.resourceVersion
    learn(found.read === 'found' ? found : undefined)
    if (before !== undefined) foundSame = before === known?.object?.metadata.resourceVersion ? foundSame + 1 : 0
    if (known) {
      stored(storedBy(known))
      closer.found(known.memory, isPutting || doubtful.length > 0)
    }
    if (found.read === 'newer' && newer === undefined) log.error({ why: found.message }, 'a record cannot be used')
    newer = found.read === 'newer' ? found.message : undefined
    return found
  }

  /** Puts, and makes the outcome certain while anyone waits: the write is looked for, and sent again. */
  const putSurely = async (
    based: FoundRecord,
    memory: Memory,
    number: number,
    { delayed, goOn }: Waiter,
  ): Promise<RecordPut> => {
    const paid = chargedOnce(charge)
    let inDoubt = false
    const looks = new Waits({ firstMs: firstLookMs, maxMs: longestLookMs })
    for (;;) {
      const written = await putRecord(api, owner, based, memory, paid)
      inDoubt ||= written.put === 'unknown'
      // From here on a conflict may be with the first of our own requests.
      if (written.put === 'stored' || !inDoubt) return written
      if ('message' in written) delayed?.(written.message)
      await wait(clock, looks.next())
      if (!goOn()) return { put: 'unknown', message: 'nobody waits for it any more' }
      const now = await read()
      if (now.read !== 'found') continue
      if (now.object && isSigned(now.memory, instance, number)) return { put: 'stored', object: now.object }
      if (now.object?.metadata.resourceVersion !== based.object?.metadata.resourceVersion) return { put: 'conflict' }
    }
  }

  return {
    get known() {
      return known
    },
    get usable() {
      if (closer.isCrowded) return undefined
      return foundSame < aloneAfter && clock.monotonic() - knownAt > goodForMs ? undefined : known
    },
    get newer() {
      return newer
    },
    read,
    prepare: based => closer.prepare(based.memory),
    put: async (based, memory, updates, waiter) => {
      const closed = closer.close(based.memory, memory)
      const number = ++writes
      const signed = sign(closed.memory, instance, number)
      isPutting = true
      const written = await putSurely(based, signed, number, waiter).finally(() => (isPutting = false))
      if (written.put === 'stored') {
        // After a doubt something newer may be known already.
        if (known === based || known === undefined) learn({ read: 'found', object: written.object, memory: signed })
        stored(updates)
        closer.stored(closed)
      }
      if (written.put === 'conflict') foundSame = 0
      if (written.put === 'unknown') {
        doubtful = [...doubtful, { number, version: based.object?.metadata.resourceVersion, updates }]
      }
      return written
    },
    forget: () => {
      known = undefined
    },
    endDoubts: () => {
      doubtful = []
      closer.giveUp()
    },
  }
}

/** A record as it was read, within the limits of this process. */
const within = (found: RecordRead, { rows }: RecordLimits): RecordRead =>
  found.read === 'found' ? { ...found, memory: { ...found.memory, mostRows: rows } } : found

/** A write that may have been stored, or may be stored still in place of `version`. */
interface Doubtful {
  readonly number: number
  readonly version: string | undefined
  /** How many of the updates that wait it would have stored. */
  readonly updates: number
}

/** Puts the number of a process's write into the memory that it stores. */
const sign = (memory: Memory, id: string, writes: number): Memory => ({
  ...memory,
  writers: [{ id, writes }, ...memory.writers.filter(writer => writer.id !== id)].slice(0, mostWriters),
})

const isSigned = ({ writers }: Memory, instance: string, number: number): boolean =>
  writers.some(({ id, writes }) => id === instance && writes === number)
