import { createHash } from 'node:crypto'

/**
 * Returns a short key for a name: 128 bits of SHA-256 (FIPS 180-4) in base64url. The name itself
 * can be long, or contain something that others must not read.
 */
export const keyOf = (name: string | Uint8Array): string =>
  createHash('sha256').update(name).digest('base64url').slice(0, 22)
