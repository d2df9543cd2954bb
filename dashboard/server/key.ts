import { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock, Random } from '../../src/environment/environment.ts'
import { keyCharacters } from '../protocol.ts'
import { keyLivesMs } from './limits.ts'

/** The key in the printed link. It is valid once, for five minutes. */
export interface OneTimeKey {
  /** Makes a new key. The previous one becomes invalid. */
  make(): string
  /** Returns whether `sent` is the valid key. If it is, the key is invalid from then on. */
  take(sent: string): boolean
}

/**
 * The length of the key in bytes: 18 bytes are 144 bits. Three bytes are four characters in
 * base64url.
 */
const keyBytes = (keyCharacters / 4) * 3

export const oneTimeKey = (clock: Clock, random: Random): OneTimeKey => {
  let key: { readonly text: string; readonly until: number } | undefined
  return {
    make: () => {
      const text = secretText(random, keyBytes)
      key = { text, until: clock.monotonic() + keyLivesMs }
      return text
    },
    take: sent => {
      if (key === undefined || clock.monotonic() > key.until || !sameSecret(sent, key.text)) return false
      key = undefined
      return true
    },
  }
}

/** Returns random bytes in base64url. */
export const secretText = (random: Random, bytes: number): string =>
  Buffer.from(random.bytes(bytes)).toString('base64url')

/** Compares two secrets in constant time. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
