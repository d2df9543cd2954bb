import type { IncomingMessage } from 'node:http'
import { TooLarge, TooMany } from '../request.ts'
import { mostBodyBytes } from '../limits.ts'
import { isCutShort } from './cut-short.ts'

/** The bodies of all posts. Each has its limit, and all together theirs. */
export interface Bodies {
  /** `begin` is called before the first byte is read. */
  of(request: IncomingMessage, begin: () => void): Body
}

export interface Body {
  /** Reads it, once. Rejects with TooLarge or TooMany; what is left unread then stays in the request. */
  readonly read: () => Promise<Uint8Array>
  /** The post is answered: until then what was read of its body stays in memory, and counts. May be called again. */
  readonly release: () => void
}

/** Counts what is held of all bodies, in bytes, and takes no more than `mostHeldBytes`. */
export const heldBodies = (mostHeldBytes: number): Bodies => {
  let held = 0
  return {
    of: (request, begin) => {
      let size = 0
      let isReleased = false
      return {
        read: async () => {
          if (Number(request.headers['content-length'] ?? 0) > mostBodyBytes) throw new TooLarge()
          begin()
          const chunks: Buffer[] = []
          const arriving: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
          for await (const chunk of arriving) {
            if (isReleased) throw new Error('the post was answered before its body had arrived')
            size += chunk.length
            held += chunk.length
            if (size > mostBodyBytes) throw new TooLarge()
            if (held > mostHeldBytes) throw new TooMany()
            chunks.push(chunk)
          }
          if (isCutShort(request)) throw new Error('the body was cut short by bytes that are no part of it')
          return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
        },
        release: () => {
          if (isReleased) return
          isReleased = true
          held -= size
        },
      }
    },
  }
}

/** RFC 9112, section 6.3: a request has a body only where one of these headers says so. */
export const isBodiless = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
