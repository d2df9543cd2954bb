import { createHash } from 'node:crypto'
import { CompactSign } from 'jose'
import { algorithm, formatClaims, tokenType, type Claims } from './claims.ts'
import type { SigningKey } from './keys.ts'

/**
 * The trigger token of a hook: a compact JWS (RFC 7515, section 7.1), signed with Ed25519. It depends on its arguments
 * alone, so minting again, after a crash or in two controllers at once, gives the same token.
 */
export const mint = (key: SigningKey, claims: Claims): Promise<string> =>
  new CompactSign(Buffer.from(formatClaims(claims)))
    .setProtectedHeader({ alg: algorithm, typ: tokenType, kid: key.kid })
    .sign(key.privateKey)

/**
 * Makes a short fingerprint of a token for a status or a log line. It distinguishes tokens and
 * gives access to nothing.
 */
export const tokenId = (token: string): string => createHash('sha256').update(token).digest('hex').slice(0, 12)
