/** What posts are signed with that follow Standard Webhooks (standardwebhooks.com, "Signature scheme"). */
export type WebhookSecret =
  /** `whsec_`: the key of an HMAC-SHA256, which sender and receiver share. Signatures begin with `v1,`. */
  | { readonly version: 'v1'; readonly key: Buffer }
  /** `whpk_`: the sender's public Ed25519 key, 32 bytes. Signatures begin with `v1a,`. */
  | { readonly version: 'v1a'; readonly publicKey: Buffer }

/**
 * Reads a secret as a sender shows it. Undefined for anything else: a text without its prefix could be a key as it stands or
 * one in Base64, and a guess would accept what nobody has signed.
 */
export const parseWebhookSecret = (value: Uint8Array): WebhookSecret | undefined => {
  const [, kind, encoded = ''] =
    /^(whsec|whpk)_([A-Za-z0-9+/]+={0,2})$/.exec(Buffer.from(value).toString('latin1')) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  // Base64 has several texts for some bytes: only the one that an encoder writes counts.
  if (kind === undefined || bytes.toString('base64') !== encoded) return undefined
  if (kind === 'whpk') return bytes.length === 32 ? { version: 'v1a', publicKey: bytes } : undefined
  return bytes.length >= 24 && bytes.length <= 64 ? { version: 'v1', key: bytes } : undefined
}
