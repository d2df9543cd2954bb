import { createHash } from 'node:crypto'
import { CompactSign } from 'jose'
import { algorithm, formatClaims, tokenType, type Claims } from './claims.ts'
import type { SigningKey } from './keys.ts'

/**
 * Returns the trigger token of a hook, a compact JWS (RFC 7515, section 7.1) signed with Ed25519.
 * The token depends only on the arguments. So minting again gives the same token, after a crash or
 * in two controllers at once.
 */
export const mint = (key: SigningKey, claims: Claims): Promise<string> =>
  new CompactSign(Buffer.from(formatClaims(claims)))
    .setProtectedHeader({ alg: algorithm, typ: tokenType, kid: key.kid })
    .sign(key.privateKey)

/**
 * Returns a short fingerprint of a token for a status or a log line. It identifies the token and
 * gives access to nothing.
 */
export const tokenId = (token: string): string => createHash('sha256').update(token).digest('hex').slice(0, 12)
