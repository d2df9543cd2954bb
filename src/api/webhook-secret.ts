/** A key that signs posts by Standard Webhooks (standardwebhooks.com, "Signature scheme"). */
export type WebhookSecret =
  /** `whsec_`: a key for HMAC-SHA256, shared by sender and receiver. Its signatures begin with `v1,`. */
  | { readonly version: 'v1'; readonly key: Buffer }
  /** `whpk_`: the sender's public Ed25519 key of 32 bytes. Its signatures begin with `v1a,`. */
  | { readonly version: 'v1a'; readonly publicKey: Buffer }

/**
 * Parses a secret in the form in which senders show it. Returns undefined for any other text. A
 * text without a known prefix could be a key or the Base64 of a key, and a guess could accept a
 * forged signature.
 */
export const parseWebhookSecret = (value: Uint8Array): WebhookSecret | undefined => {
  const [, kind, encoded = ''] =
    /^(whsec|whpk)_([A-Za-z0-9+/]+={0,2})$/.exec(Buffer.from(value).toString('latin1')) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  // Some bytes have several texts in Base64. Only the one that an encoder writes is accepted.
  if (kind === undefined || bytes.toString('base64') !== encoded) return undefined
  if (kind === 'whpk') return bytes.length === 32 ? { version: 'v1a', publicKey: bytes } : undefined
  return bytes.length >= 24 && bytes.length <= 64 ? { version: 'v1', key: bytes } : undefined
}
