import type { SecretAuth } from './auth.ts'
import { stringAt, type JsonObject } from './json.ts'

/** What senders are held against, by the names of its parts: the content of a Secret, which must never leave the process. */
export type Credentials =
  | { readonly form: 'bearer'; readonly token: Buffer }
  | { readonly form: 'basic'; readonly userAndPassword: Buffer }
  | { readonly form: 'hmac'; readonly key: Buffer; readonly header: string; readonly prefix: string }

/**
 * How long a Secret may be that an `auth` names, in bytes of the object as it is answered. Credentials have some tens; the Secret is
 * read again every second while posts come.
 */
export const maxAuthSecretBytes = 64 * 1024

/** Says that a Secret is longer than that. */
export const tooLargeSecret = ({ secret }: SecretAuth): string =>
  `Secret/${secret}, which auth names, is larger than ${maxAuthSecretBytes / 1024} KiB: put the credential into a Secret of its own`

/** What a Secret lacks, in words that have nothing of its content. */
export interface Lacking {
  readonly lacks: string
}

/**
 * The credentials that a Secret holds for an `auth`. An empty value counts as none: whoever sends nothing would match it. A
 * line break at the end of a value does not count: files end with one, and no sender means it.
 */
export const credentialsIn = (secret: JsonObject | undefined, auth: SecretAuth): Credentials | Lacking => {
  if (!secret) return { lacks: `there is no Secret/${auth.secret}, which auth names` }
  const values = keysOf(auth).map(key => ({ key, value: valueAt(secret, key) }))
  const empty = values.find(({ value }) => value.length === 0)
  if (empty) return { lacks: `Secret/${auth.secret} has no key ${empty.key}, or nothing under it` }
  const [value = nothing, second = nothing] = values.map(({ value }) => value)
  switch (auth.form) {
    case 'bearer':
      return { form: 'bearer', token: value }
    case 'basic':
      return { form: 'basic', userAndPassword: Buffer.concat([value, colon, second]) }
    case 'hmac':
      return { form: 'hmac', key: value, header: auth.header, prefix: auth.prefix }
  }
}

const nothing = Buffer.alloc(0)
const colon = Buffer.from(':')

/** The keys of a Secret that an `auth` needs. */
export const keysOf = (auth: SecretAuth): readonly string[] =>
  auth.form === 'basic' ? ['username', 'password'] : [auth.key]

const valueAt = (secret: JsonObject, key: string): Buffer =>
  withoutLineBreak(Buffer.from(stringAt(secret, 'data', key) ?? '', 'base64'))

const withoutLineBreak = (value: Buffer): Buffer => {
  if (value.at(-1) !== 0x0a) return value
  return value.subarray(0, value.at(-2) === 0x0d ? -2 : -1)
}
