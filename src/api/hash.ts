import { createHash } from 'node:crypto'

/** 128 bits of SHA-256 (FIPS 180-4) in base64url: names can be long, and may tell what is nobody's business. */
export const keyOf = (name: string | Uint8Array): string =>
  createHash('sha256').update(name).digest('base64url').slice(0, 22)
