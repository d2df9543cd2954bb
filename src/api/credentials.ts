import type { HmacWriting, SecretAuth } from './auth.ts'
import { stringAt, type JsonObject } from './json.ts'
import { parseWebhookSecret, type WebhookSecret } from './webhook-secret.ts'

/**
 * The credentials that a post is checked against. They come from a Secret and must never leave the
 * process. The present value is first; a previous one that still counts is second.
 */
export type Credentials =
  | { readonly form: 'bearer'; readonly tokens: Candidates<Buffer> }
  | { readonly form: 'basic'; readonly usersAndPasswords: Candidates<Buffer> }
  | { readonly form: 'header'; readonly values: Candidates<Buffer>; readonly header: string }
  | { readonly form: 'path'; readonly values: Candidates<Buffer> }
  | (HmacWriting & { readonly form: 'hmac'; readonly keys: Candidates<Buffer> })
  | {
      readonly form: 'standardWebhooks'
      readonly secrets: Candidates<WebhookSecret>
      readonly toleranceMs: number
    }

/** The present value, then the previous one if it still counts. */
export type Candidates<T> = readonly [T, ...T[]]

/**
 * The largest Secret that `auth` may name, in bytes of the API server's answer. Credentials have
 * some tens of bytes, and the Secret is read again every second during traffic.
 */
export const maxAuthSecretBytes = 64 * 1024

export const tooLargeSecret = ({ secret }: SecretAuth): string =>
  `Secret/${secret}, which auth names, is larger than ${maxAuthSecretBytes / 1024} KiB: put the credential into its own Secret`

/** Why a Secret has no credentials for an `auth`. The text quotes nothing from the Secret. */
export interface NoCredentials {
  readonly reason: 'AuthSecretNotFound' | 'AuthSecretInvalid' | 'AuthSecretWeak'
  readonly message: string
}

/** The least length of a value that is sent as it is, or that signs, where the URL is no secret. In bytes. */
const minValueBytes = 16

/** The form of a secret in a path. */
const pathSecret = /^[A-Za-z0-9_-]{32,256}$/

/**
 * Returns why a value is too weak for a hook whose URL is no secret, or undefined. Strangers try a
 * key of HMAC as they try a password: they sign a post of their own with it. Standard Webhooks has
 * a rule of its own.
 */
const weaknessOf = ({ form }: SecretAuth, value: Buffer): string | undefined => {
  if (form === 'path') {
    return pathSecret.test(value.toString('latin1'))
      ? undefined
      : 'a value that can\'t be a secret in a URL: it needs 32 to 256 letters, digits, "-" and "_"'
  }
  return form !== 'standardWebhooks' && value.length < minValueBytes
    ? `a value that is too short for token.url named: it needs at least ${minValueBytes} bytes`
    : undefined
}

/**
 * Returns the credentials that a Secret holds for an `auth`. `hasNamedURL`: the hook's URL is no secret,
 * so the values must be strong.
 * An empty value is no credential, because a post without a credential would match it. A line break
 * at the end of a value is removed: files often end with one, and it is not part of the credential.
 */
export const credentialsIn = (
  secret: JsonObject | undefined,
  auth: SecretAuth,
  hasNamedURL: boolean,
): Credentials | NoCredentials => {
  if (!secret) return missing(`auth names Secret/${auth.secret}, which does not exist`)
  const needed = neededKeys(auth).map(key => ({ key, value: valueAt(secret, key) }))
  const empty = needed.find(({ value }) => value.length === 0)
  if (empty) return missing(`Secret/${auth.secret} has no key ${empty.key}, or it is empty`)
  const [value = nothing, second = nothing] = needed.map(({ value }) => value)
  const before = auth.previousKey === undefined ? nothing : valueAt(secret, auth.previousKey)
  const candidates: Candidates<Buffer> = before.length === 0 ? [value] : [value, before]
  const weak = hasNamedURL ? weakIn(auth, auth.form === 'basic' ? second : value, before) : undefined
  if (weak) return weak
  switch (auth.form) {
    case 'bearer':
      return { form: 'bearer', tokens: candidates }
    case 'basic': {
      const pair = (password: Buffer): Buffer => Buffer.concat([value, colon, password])
      return { form: 'basic', usersAndPasswords: before.length === 0 ? [pair(second)] : [pair(second), pair(before)] }
    }
    case 'header':
      return { form: 'header', values: candidates, header: auth.header }
    case 'path':
      return { form: 'path', values: candidates }
    case 'hmac': {
      const { encoding, header, prefix, timestamp } = auth
      return { form: 'hmac', keys: candidates, header, prefix, encoding, timestamp }
    }
    case 'standardWebhooks':
      return webhookCredentials(candidates, auth)
  }
}

const webhookCredentials = (
  [value, before]: Candidates<Buffer>,
  auth: Extract<SecretAuth, { form: 'standardWebhooks' }>,
): Credentials | NoCredentials => {
  const invalid = (key: string): NoCredentials => ({
    reason: 'AuthSecretInvalid',
    message: `Secret/${auth.secret} has no Standard Webhooks secret under ${key}: it must be whsec_ and 24 to 64 bytes in Base64, or whpk_ and a 32-byte public key`,
  })
  const secret = parseWebhookSecret(value)
  if (!secret) return invalid(auth.key)
  if (!before) return { form: 'standardWebhooks', secrets: [secret], toleranceMs: auth.toleranceMs }
  const previous = parseWebhookSecret(before)
  if (!previous) return invalid(auth.previousKey ?? '')
  return { form: 'standardWebhooks', secrets: [secret, previous], toleranceMs: auth.toleranceMs }
}

/** Returns why the present or the previous value is too weak. A previous value may be empty. */
const weakIn = (auth: SecretAuth, value: Buffer, before: Buffer): NoCredentials | undefined => {
  const found = [
    { key: neededKeys(auth).at(-1) ?? '', why: weaknessOf(auth, value) },
    { key: auth.previousKey ?? '', why: before.length === 0 ? undefined : weaknessOf(auth, before) },
  ].find(({ why }) => why !== undefined)
  return (
    found && { reason: 'AuthSecretWeak', message: `the key ${found.key} of Secret/${auth.secret} has ${found.why}` }
  )
}

const missing = (message: string): NoCredentials => ({ reason: 'AuthSecretNotFound', message })

const nothing = Buffer.alloc(0)
const colon = Buffer.from(':')

const neededKeys = (auth: SecretAuth): readonly string[] =>
  auth.form === 'basic' ? ['username', 'password'] : [auth.key]

/** Returns the keys of a Secret that an `auth` may read. */
export const keysOf = (auth: SecretAuth): readonly string[] =>
  auth.previousKey === undefined ? neededKeys(auth) : [...neededKeys(auth), auth.previousKey]

const valueAt = (secret: JsonObject, key: string): Buffer =>
  withoutLineBreak(Buffer.from(stringAt(secret, 'data', key) ?? '', 'base64'))

const withoutLineBreak = (value: Buffer): Buffer => {
  if (value.at(-1) !== 0x0a) return value
  return value.subarray(0, value.at(-2) === 0x0d ? -2 : -1)
}
