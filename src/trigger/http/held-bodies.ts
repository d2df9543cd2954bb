import type { IncomingMessage } from 'node:http'
import { BodyTooLarge, TooMany, type BodyOwner } from '../request.ts'
import { maxPostBodyBytes } from '../limits.ts'
import { cutShort } from '../../environment/connections.ts'
import { Tally } from '../../environment/shares.ts'

/** The bodies of all posts. Each body has a limit, and so have all bodies together. */
export interface Bodies {
  /** Returns the body of a request. `begin` is called before its first byte is read. */
  of(request: IncomingMessage, begin: () => void): HeldBody
}

export interface HeldBody {
  /** Reads the body, once. Rejects with BodyTooLarge or TooMany; the rest then stays unread in the request. */
  readonly read: (owner: BodyOwner) => Promise<Uint8Array>
  /** Reads the body instead and keeps nothing of it. Rejects as `read` does. */
  readonly discard: () => Promise<void>
  /**
   * Counts further bytes: those of the body in another form. Throws TooMany if there is no room for
   * them, and counts none of them then. A negative number takes back what was counted.
   */
  readonly hold: (bytes: number) => void
  /** Keeps the body counted beyond `release`, until the function that it returns is called. */
  readonly keep: () => () => void
  /**
   * Frees the body: after the answer, or before the post begins to wait for its outcome. Until then
   * the body stays in memory and counts for the limit. May be called several times.
   */
  readonly release: () => void
}

/**
 * Counts the bytes of all bodies in memory, and accepts at most `maxHeldBytes`. When half of that
 * is used, a hook with more than an eighth gets no more, and a namespace with more than three
 * quarters. So posts that never end do not exclude others.
 */
export const heldBodies = (maxHeldBytes: number): Bodies => {
  const held = new HeldBytes(maxHeldBytes)
  return { of: (request, begin) => new RequestBody(held, request, begin) }
}

/** The bytes of all bodies in memory, of each hook and of each namespace. */
class HeldBytes {
  readonly #max: number
  #all = 0
  readonly #ofHook = new Tally()
  readonly #ofNamespace = new Tally()

  constructor(max: number) {
    this.#max = max
  }

  add(bytes: number, owner: BodyOwner | undefined): void {
    this.#all += bytes
    if (!owner) return
    this.#ofHook.add(owner.uid, bytes)
    this.#ofNamespace.add(owner.namespace, bytes)
  }

  areTooMany({ namespace, uid }: BodyOwner): boolean {
    if (this.#all > this.#max) return true
    const isFull = this.#ofHook.of(uid) > this.#max / 8 || this.#ofNamespace.of(namespace) > (3 * this.#max) / 4
    return this.#all > this.#max / 2 && isFull
  }
}

/** The body of one request. Its functions are passed on by themselves. */
class RequestBody implements HeldBody {
  readonly #held: HeldBytes
  readonly #request: IncomingMessage
  readonly #begin: () => void
  #size = 0
  #isReleased = false
  #owner: BodyOwner | undefined
  /** The post itself, and each act that has the body. */
  #holders = 1

  constructor(held: HeldBytes, request: IncomingMessage, begin: () => void) {
    this.#held = held
    this.#request = request
    this.#begin = begin
  }

  readonly read = async (owner: BodyOwner): Promise<Uint8Array> => {
    this.#owner = owner
    const chunks: Buffer[] = []
    await this.#readAll(chunk => {
      this.#count(chunk.length)
      if (this.#held.areTooMany(owner)) throw new TooMany()
      chunks.push(chunk)
    })
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  }

  readonly discard = (): Promise<void> => this.#readAll(() => {})

  readonly hold = (bytes: number): void => {
    this.#count(bytes)
    if (bytes <= 0 || !this.#owner || !this.#held.areTooMany(this.#owner)) return
    this.#count(-bytes)
    throw new TooMany()
  }

  readonly keep = (): (() => void) => {
    if (this.#holders === 0) this.#held.add(this.#size, this.#owner)
    this.#holders += 1
    let isKept = true
    return () => {
      if (isKept) this.#leave()
      isKept = false
    }
  }

  readonly release = (): void => {
    if (!this.#isReleased) this.#leave()
    this.#isReleased = true
  }

  #count(bytes: number): void {
    this.#size += bytes
    if (this.#holders > 0) this.#held.add(bytes, this.#owner)
  }

  #leave(): void {
    this.#holders -= 1
    if (this.#holders === 0) this.#held.add(-this.#size, this.#owner)
  }

  /** Passes each part of the body to `take`, and limits their sum. */
  async #readAll(take: (chunk: Buffer) => void): Promise<void> {
    if (isLonger(this.#request)) throw new BodyTooLarge()
    this.#begin()
    let bytes = 0
    const arriving: AsyncIterable<Buffer> = this.#request.iterator({ destroyOnReturn: false })
    for await (const chunk of arriving) {
      if (this.#isReleased) throw new Error('the post was answered before its body had arrived')
      bytes += chunk.length
      if (bytes > maxPostBodyBytes) throw new BodyTooLarge()
      take(chunk)
    }
    if (cutShort in this.#request) throw new Error("the body was cut short by bytes that don't belong to it")
  }
}

/** Returns whether a request announces a longer body than is allowed. */
export const isLonger = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  Number(headers['content-length'] ?? 0) > maxPostBodyBytes
