import type { Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'
import { chargedOnce, type Charge } from '../kube/written.ts'
import { Closer } from './closer.ts'
import type { Memory, RecordLimits, RecordOwner } from './memory.ts'
import { putRecord, readRecord, type RecordPut, type RecordRead, type RecordVersion } from './store.ts'

/** The wait before an ambiguous write is looked for again. */
const lookAgain: Backoff = { firstMs: 25, maxMs: 400 }

/**
 * How long a version is good for a write where others write the record too, in milliseconds: a conflict costs two requests
 * more, and a read one.
 */
const goodForMs = 500

/** So many reads in a row that find nothing new show that nobody else writes it any more. */
const aloneAfter = 4

/** Of how many processes a record names the last write. */
const maxWriters = 16

export type FoundRecord = Extract<RecordRead, { read: 'found' }>

/** Who waits for a write. */
export interface Waiter {
  /** Whether anyone still waits. */
  readonly mayContinue: () => boolean
  /** The API server cannot be asked just now, and why. */
  readonly delayed?: (message: string) => void
}

/** The record object of one hook, changed by compare-and-swap. A write whose answer is lost is found by its signature. */
export class RecordCell {
  readonly #world: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #owner: RecordOwner
  readonly #instance: string
  readonly #limits: RecordLimits
  readonly #charge: Charge
  readonly #stored: (updates: number) => void
  readonly #closer: Closer
  #known: FoundRecord | undefined
  /** When that was, in monotonic milliseconds. */
  #knownAt = -Infinity
  /** How many reads in a row have found what was known. While they are too few, others write it between our writes. */
  #foundSame = aloneAfter
  #newer: string | undefined
  #writes = 0
  #doubtful: readonly Doubtful[] = []
  /** True while a write is being made: it may be ambiguous already. */
  #isPutting = false

  /** `instance` signs the writes; `stored` is called with how many of the updates that wait turned out to be stored. */
  constructor(
    world: Pick<Environment, 'api' | 'clock' | 'log'>,
    owner: RecordOwner,
    instance: string,
    limits: RecordLimits,
    charge: Charge,
    stored: (updates: number) => void,
  ) {
    this.#world = world
    this.#owner = owner
    this.#instance = instance
    this.#limits = limits
    this.#charge = charge
    this.#stored = stored
    this.#closer = new Closer(world, owner, instance, limits, charge)
  }

  /** The version that was last read or written; undefined where it may be out of date. */
  get known(): FoundRecord | undefined {
    return this.#known
  }

  /** The version that a write can be computed from; undefined where the newest has to be read first. */
  get current(): FoundRecord | undefined {
    if (this.#closer.isCrowded) return undefined
    const isOld = this.#world.clock.monotonic() - this.#knownAt > goodForMs
    return this.#foundSame < aloneAfter && isOld ? undefined : this.#known
  }

  /** Why the record cannot be used, where a later version of this program wrote it. */
  get newer(): string | undefined {
    return this.#newer
  }

  /** Reads the newest version. */
  async read(): Promise<RecordRead> {
    const { api, log } = this.#world
    const { name, namespace } = this.#owner
    const found = within(
      await readRecord(api, this.#owner, {
        page: page => this.#closer.page(page),
        unreadable: what => log.error({ namespace, record: name, what }, 'the record cannot be read: it begins anew'),
      }),
      this.#limits,
    )
    const before = this.#known?.object?.metadata.resourceVersion
    const known = found.read === 'found' ? found : undefined
    this.#learn(known)
    if (before !== undefined) {
      this.#foundSame = before === known?.object?.metadata.resourceVersion ? this.#foundSame + 1 : 0
    }
    if (known) {
      this.#stored(this.#storedBy(known))
      this.#closer.found(known.memory, this.#isPutting || this.#doubtful.length > 0)
    }
    if (found.read === 'newer' && this.#newer === undefined) {
      log.error({ why: found.message }, 'a record cannot be used')
    }
    this.#newer = found.read === 'newer' ? found.message : undefined
    return found
  }

  /** Stores a page of what is to be closed of a version; undefined where nothing is. */
  prepare(based: FoundRecord): Promise<void> | undefined {
    return this.#closer.prepare(based.memory)
  }

  /** Puts a memory in place of the version that it was computed from. It includes the first `updates` that wait. */
  async put(based: FoundRecord, memory: Memory, updates: number, waiter: Waiter): Promise<RecordPut> {
    const closed = this.#closer.close(based.memory, memory)
    const number = ++this.#writes
    const signed = sign(closed.memory, this.#instance, number)
    this.#isPutting = true
    const written = await this.#putSurely(based, signed, number, waiter).finally(() => (this.#isPutting = false))
    if (written.put === 'stored') {
      // After a doubt something newer may be known already.
      if (this.#known === based || this.#known === undefined) {
        this.#learn({ read: 'found', object: written.object, memory: signed })
      }
      this.#stored(updates)
      this.#closer.stored(closed)
    }
    if (written.put === 'conflict') this.#foundSame = 0
    if (written.put === 'unknown') {
      this.#doubtful = [...this.#doubtful, { number, version: based.object?.metadata.resourceVersion, updates }]
    }
    return written
  }

  /** The known version may be out of date. */
  forget(): void {
    this.#known = undefined
  }

  /** Gives up what waited: no ambiguous write is looked for any more. */
  endDoubts(): void {
    this.#doubtful = []
    this.#closer.giveUp()
  }

  #learn(found: FoundRecord | undefined): void {
    this.#known = found
    this.#knownAt = this.#world.clock.monotonic()
  }

  /** Answers how many of the updates are in a version already: it ends the doubts about all writes that it came before. */
  #storedBy({ memory, object }: RecordVersion): number {
    const landed = this.#doubtful.find(({ number }) => isSigned(memory, this.#instance, number))
    this.#doubtful = this.#doubtful.filter(({ version }) => version === object?.metadata.resourceVersion)
    return landed?.updates ?? 0
  }

  /** Puts, and makes the outcome certain while anyone waits: the write is looked for, and sent again. */
  async #putSurely(
    based: FoundRecord,
    memory: Memory,
    number: number,
    { delayed, mayContinue }: Waiter,
  ): Promise<RecordPut> {
    const { api, clock } = this.#world
    const paid = chargedOnce(this.#charge)
    let inDoubt = false
    let looks = 0
    for (;;) {
      const written = await putRecord(api, this.#owner, based, memory, paid)
      inDoubt ||= written.put === 'unknown'
      // From here on a conflict may be with the first of our own requests.
      if (written.put === 'stored' || !inDoubt) return written
      if ('message' in written) delayed?.(written.message)
      await wait(clock, waitAfter(lookAgain, looks++))
      if (!mayContinue()) return { put: 'unknown', message: 'nobody waits for it any more' }
      const now = await this.read()
      if (now.read !== 'found') continue
      if (now.object && isSigned(now.memory, this.#instance, number)) return { put: 'stored', object: now.object }
      if (now.object?.metadata.resourceVersion !== based.object?.metadata.resourceVersion) return { put: 'conflict' }
    }
  }
}

/** A record as it was read, within the limits of this process. */
const within = (found: RecordRead, { rows }: RecordLimits): RecordRead =>
  found.read === 'found' ? { ...found, memory: { ...found.memory, maxRows: rows } } : found

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
  writers: [{ id, writes }, ...memory.writers.filter(writer => writer.id !== id)].slice(0, maxWriters),
})

const isSigned = ({ writers }: Memory, instance: string, number: number): boolean =>
  writers.some(({ id, writes }) => id === instance && writes === number)
