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
  /**
   * Reads the body, once. Rejects with TooLarge or TooMany; the rest then stays unread in the
   * request.
   */
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
  let held = 0
  const ofHook = new Tally()
  const ofNamespace = new Tally()
  const isTooMuch = ({ namespace, uid }: BodyOwner): boolean =>
    held > maxHeldBytes ||
    (held > maxHeldBytes / 2 &&
      (ofHook.of(uid) > maxHeldBytes / 8 || ofNamespace.of(namespace) > (3 * maxHeldBytes) / 4))
  return {
    of: (request, begin) => {
      let size = 0
      let isReleased = false
      let owner: BodyOwner | undefined
      // The post itself, and each act that has the body.
      let holders = 1
      const charge = (bytes: number): void => {
        held += bytes
        if (!owner) return
        ofHook.add(owner.uid, bytes)
        ofNamespace.add(owner.namespace, bytes)
      }
      const count = (bytes: number): void => {
        size += bytes
        if (holders > 0) charge(bytes)
      }
      const leave = (): void => {
        holders -= 1
        if (holders === 0) charge(-size)
      }
      /** Passes each part of the body to `take`, and limits their sum. */
      const readAll = async (take: (chunk: Buffer) => void): Promise<void> => {
        if (isLonger(request)) throw new BodyTooLarge()
        begin()
        let bytes = 0
        const arriving: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
        for await (const chunk of arriving) {
          if (isReleased) throw new Error('the post was answered before its body had arrived')
          bytes += chunk.length
          if (bytes > maxPostBodyBytes) throw new BodyTooLarge()
          take(chunk)
        }
        if (cutShort in request) throw new Error("the body was cut short by bytes that don't belong to it")
      }
      return {
        read: async whose => {
          owner = whose
          const chunks: Buffer[] = []
          await readAll(chunk => {
            count(chunk.length)
            if (isTooMuch(whose)) throw new TooMany()
            chunks.push(chunk)
          })
          return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
        },
        discard: () => readAll(() => {}),
        hold: bytes => {
          count(bytes)
          if (bytes <= 0 || !owner || !isTooMuch(owner)) return
          count(-bytes)
          throw new TooMany()
        },
        keep: () => {
          if (holders === 0) charge(size)
          holders += 1
          let isKept = true
          return () => {
            if (isKept) leave()
            isKept = false
          }
        },
        release: () => {
          if (isReleased) return
          isReleased = true
          leave()
        },
      }
    },
  }
}

/** Returns whether a request announces a longer body than is allowed. */
export const isLonger = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  Number(headers['content-length'] ?? 0) > maxPostBodyBytes
