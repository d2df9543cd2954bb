import type { Environment } from '../environment/environment.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'
import { chargedOnce, type Charge } from '../kube/written.ts'
import { RecordPages } from './record-pages.ts'
import type { Memory, RecordLimits, RecordOwner } from './memory.ts'
import type { Waiter } from './ruling.ts'
import { putRecord, readRecord, type RecordPut, type RecordRead, type RecordVersion } from './store.ts'

/** The wait between two searches for an ambiguous write. */
const lookAgain: Backoff = { firstMs: 25, maxMs: 400 }

/**
 * How long a version may be used for a write while other processes write the record too, in
 * milliseconds. A conflict costs two requests, a read costs one.
 */
const goodForMs = 500

/** After this number of reads in a row without a change, no other process seems to write. */
const aloneAfter = 4

/** The maximum number of processes whose last write a record names. */
const maxWriters = 16

export type FoundRecord = Extract<RecordRead, { read: 'found' }>

/**
 * The record object of one hook, changed by compare-and-swap. A write whose answer was lost is
 * recognised by its signature: the process and a number.
 */
export class RecordCell {
  readonly #world: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #owner: RecordOwner
  readonly #instance: string
  readonly #limits: RecordLimits
  readonly #charge: Charge
  readonly #stored: (updates: number) => void
  readonly #pages: RecordPages
  #known: FoundRecord | undefined
  /** When the version was learnt, in monotonic milliseconds. */
  #knownAt = -Infinity
  /**
   * How many reads in a row found the cached version. A low number shows that other processes write
   * in between.
   */
  #foundSame = aloneAfter
  #newer: string | undefined
  #writes = 0
  #doubtful: readonly Doubtful[] = []
  /** True while a write is in progress. It may already be ambiguous. */
  #isPutting = false

  /**
   * `instance` signs the writes. `stored` is called with the number of waiting updates that were
   * found to be stored.
   */
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
    this.#pages = new RecordPages(world, owner, instance, limits, charge)
  }

  /**
   * Returns the version that was last read or written. Undefined before the first read, and after
   * {@link forget}.
   */
  get known(): FoundRecord | undefined {
    return this.#known
  }

  /** Returns a version that a write may be based on, or undefined if the newest must be read first. */
  get current(): FoundRecord | undefined {
    if (this.#pages.isCrowded) return undefined
    const isOld = this.#world.clock.monotonic() - this.#knownAt > goodForMs
    return this.#foundSame < aloneAfter && isOld ? undefined : this.#known
  }

  /** Returns an error message if a newer program wrote the record. Undefined otherwise. */
  get newer(): string | undefined {
    return this.#newer
  }

  async read(): Promise<RecordRead> {
    const { api, log } = this.#world
    const { name, namespace } = this.#owner
    const found = withMaxRows(
      await readRecord(api, this.#owner, {
        page: page => this.#pages.page(page),
        unreadable: message => log.error({ namespace, record: name }, message),
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
      this.#pages.found(known.memory, this.#isPutting || this.#doubtful.length > 0)
    }
    if (found.read === 'newer' && this.#newer === undefined) {
      log.error({ why: found.message }, "can't use a record")
    }
    this.#newer = found.read === 'newer' ? found.message : undefined
    return found
  }

  /**
   * Stores a page with the rows of a version that should leave the record. Returns undefined if no
   * page is to be made now.
   */
  prepare(based: FoundRecord): Promise<void> | undefined {
    return this.#pages.prepare(based.memory)
  }

  /**
   * Stores a memory in place of the version that it is based on. The memory includes the first
   * `updates` of the waiting updates.
   */
  async put(based: FoundRecord, memory: Memory, updates: number, waiter: Waiter): Promise<RecordPut> {
    const closed = this.#pages.close(based.memory, memory)
    const number = ++this.#writes
    // By this, the write is recognised although its answer was lost.
    const signature = { id: this.#instance, writes: number }
    const others = closed.memory.writers.filter(({ id }) => id !== this.#instance)
    const signed = { ...closed.memory, writers: [signature, ...others].slice(0, maxWriters) }
    let written: RecordPut
    this.#isPutting = true
    try {
      written = await this.#putSurely(based, signed, number, waiter)
    } finally {
      this.#isPutting = false
    }
    if (written.sent === 'stored') {
      // After an ambiguous write, a newer version may already be known. It is kept.
      if (this.#known === based || this.#known === undefined) {
        this.#learn({ read: 'found', object: written.object, memory: signed })
      }
      this.#stored(updates)
      this.#pages.stored(closed)
    }
    if (written.sent === 'conflict') this.#foundSame = 0
    if (written.sent === 'unknown') {
      this.#doubtful = [...this.#doubtful, { number, version: based.object?.metadata.resourceVersion, updates }]
    }
    return written
  }

  /** Notes that the cached version may be out of date. */
  forget(): void {
    this.#known = undefined
  }

  /** Stops searching for ambiguous writes. */
  endDoubts(): void {
    this.#doubtful = []
    this.#pages.giveUp()
  }

  #learn(found: FoundRecord | undefined): void {
    this.#known = found
    this.#knownAt = this.#world.clock.monotonic()
  }

  /**
   * Returns how many of the waiting updates a version contains. This settles all ambiguous writes
   * up to this version.
   */
  #storedBy({ memory, object }: RecordVersion): number {
    const landed = this.#doubtful.find(({ number }) => isSigned(memory, this.#instance, number))
    this.#doubtful = this.#doubtful.filter(({ version }) => version === object?.metadata.resourceVersion)
    return landed?.updates ?? 0
  }

  /** Writes, and repeats search and write until the outcome is certain or nobody waits. */
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
      inDoubt ||= written.sent === 'unknown'
      // From here on, a conflict may be with an earlier request of this process.
      if (written.sent === 'stored' || !inDoubt) return written
      if ('message' in written) delayed?.(written.message)
      await wait(clock, waitAfter(lookAgain, looks++))
      if (!mayContinue()) return { sent: 'unknown', message: 'nobody is waiting for it any more' }
      const now = await this.read()
      if (now.read !== 'found') continue
      if (now.object && isSigned(now.memory, this.#instance, number)) return { sent: 'stored', object: now.object }
      if (now.object?.metadata.resourceVersion !== based.object?.metadata.resourceVersion) return { sent: 'conflict' }
    }
  }
}

/** Returns a record with this process's limit of rows in its memory. */
const withMaxRows = (found: RecordRead, { rows }: RecordLimits): RecordRead =>
  found.read === 'found' ? { ...found, memory: { ...found.memory, maxRows: rows } } : found

/** A write that may be stored now or later, in place of `version`. */
interface Doubtful {
  readonly number: number
  readonly version: string | undefined
  /** How many of the waiting updates the write contains. */
  readonly updates: number
}

const isSigned = ({ writers }: Memory, instance: string, number: number): boolean =>
  writers.some(({ id, writes }) => id === instance && writes === number)
