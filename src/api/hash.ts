import { createHash } from 'node:crypto'

/**
 * Returns 128 bits of SHA-256 (FIPS 180-4) in base64url. A name can be long, and may contain what
 * others must not read.
 */
export const keyOf = (name: string | Uint8Array): string =>
  createHash('sha256').update(name).digest('base64url').slice(0, 22)
