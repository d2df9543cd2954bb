import type { IncomingMessage } from 'node:http'
import { TooLarge, TooMany, type BodyOwner } from '../request.ts'
import { mostBodyBytes } from '../limits.ts'
import { isCutShort } from '../../environment/cut-short.ts'

/** The bodies of all posts. Each has its limit, and all together theirs. */
export interface Bodies {
  /** `begin` is called before the first byte is read. */
  of(request: IncomingMessage, begin: () => void): Body
}

export interface Body {
  /** Reads it, once. Rejects with TooLarge or TooMany; what is left unread then stays in the request. */
  readonly read: (owner: BodyOwner) => Promise<Uint8Array>
  /** The post is answered: until then what was read of its body stays in memory, and counts. May be called again. */
  readonly release: () => void
}

/**
 * Counts what is held of all bodies, in bytes, and takes no more than `mostHeldBytes`. Once half of that is taken, a hook
 * that has more than an eighth gets no more, and a namespace three quarters, so that posts that never end keep no others out.
 */
export const heldBodies = (mostHeldBytes: number): Bodies => {
  let held = 0
  const ofHook = new Map<string, number>()
  const ofNamespace = new Map<string, number>()
  const isTooMuch = ({ namespace, uid }: BodyOwner): boolean =>
    held > mostHeldBytes ||
    (held > mostHeldBytes / 2 &&
      ((ofHook.get(uid) ?? 0) > mostHeldBytes / 8 || (ofNamespace.get(namespace) ?? 0) > (3 * mostHeldBytes) / 4))
  return {
    of: (request, begin) => {
      let size = 0
      let isReleased = false
      let owner: BodyOwner | undefined
      const count = (bytes: number): void => {
        size += bytes
        held += bytes
        if (!owner) return
        add(ofHook, owner.uid, bytes)
        add(ofNamespace, owner.namespace, bytes)
      }
      return {
        read: async whose => {
          owner = whose
          if (Number(request.headers['content-length'] ?? 0) > mostBodyBytes) throw new TooLarge()
          begin()
          const chunks: Buffer[] = []
          const arriving: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
          for await (const chunk of arriving) {
            if (isReleased) throw new Error('the post was answered before its body had arrived')
            count(chunk.length)
            if (size > mostBodyBytes) throw new TooLarge()
            if (isTooMuch(whose)) throw new TooMany()
            chunks.push(chunk)
          }
          if (isCutShort(request)) throw new Error('the body was cut short by bytes that are no part of it')
          return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
        },
        release: () => {
          if (isReleased) return
          isReleased = true
          count(-size)
        },
      }
    },
  }
}

/** Adds to a count, which is kept only while it is not 0. */
const add = (counts: Map<string, number>, key: string, bytes: number): void => {
  const count = (counts.get(key) ?? 0) + bytes
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
