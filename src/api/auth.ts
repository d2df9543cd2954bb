import type { authSchema } from './auth-schema.ts'
import { bindCommand, type Accounts, type Role } from './bind-command.ts'
import { milliseconds } from './duration.ts'
import type { Stored } from './schema.ts'

/** What a hook asks of its senders in addition to the token. */
export type Auth = SecretAuth | TopicAuth | IssuerAuth

/** What a hook asks of its senders besides its URL. A secret in the path is part of the URL. */
export type SentAuth = Exclude<Auth, { readonly form: 'path' }>

interface SecretEntry {
  readonly secret: string
  readonly key: string
  /** A second entry of the same Secret. Its value is accepted too, as long as the entry exists. */
  readonly previousKey?: string | undefined
}

/** A proof that the trigger checks with a Secret: it compares the proof, or verifies a signature. */
export type SecretAuth =
  | (SecretEntry & { readonly form: 'bearer' })
  | { readonly form: 'basic'; readonly secret: string; readonly previousKey?: string | undefined }
  | (SecretEntry & { readonly form: 'header'; readonly header: string })
  | (SecretEntry & { readonly form: 'path' })
  | (SecretEntry & HmacWriting & { readonly form: 'hmac' })
  | (SecretEntry & { readonly form: 'standardWebhooks'; readonly toleranceMs: number })

/** How a sender writes an HMAC into a post. */
export interface HmacWriting {
  readonly header: string
  readonly prefix: string
  /** The encoding of the signature. Absent: `hex`. */
  readonly encoding?: 'hex' | 'base64' | undefined
  readonly timestamp?: SignedTime | undefined
}

/**
 * A time that is signed together with the body. The signed text is `prefix`, the time, `separator`
 * and the body.
 */
export interface SignedTime {
  readonly header: string
  readonly prefix: string
  readonly separator: string
  readonly toleranceMs: number
}

/** A signed message of one topic of Amazon SNS. */
export interface TopicAuth {
  readonly form: 'sns'
  readonly topicArn: string
}

/** A token of OpenID Connect, which an issuer has signed for the sender. */
export interface IssuerAuth {
  readonly form: 'oidc'
  readonly issuer: string
  /** The claim `aud`, or a member of it. */
  readonly audience: string
  /** The other claims that a token must have, each with one of the values. */
  readonly claims: readonly AskedClaim[]
}

export interface AskedClaim {
  readonly name: string
  readonly oneOf: readonly string[]
}

type Spec = Stored<typeof authSchema>

/** Returns the proof that the member `auth` of a spec asks for, or undefined if it has none. */
export const authOf = ({ basic, bearer, header, hmac, oidc, path, sns, standardWebhooks }: Spec = {}):
  | Auth
  | undefined => {
  if (bearer) return { form: 'bearer', ...entryOf(bearer) }
  if (basic) return { form: 'basic', secret: basic.secretRef.name, previousKey: basic.previousKey }
  if (header) return { form: 'header', ...entryOf(header), header: header.name }
  if (path) return { form: 'path', ...entryOf(path) }
  if (hmac) return { form: 'hmac', ...entryOf(hmac), ...writingOf(hmac) }
  if (standardWebhooks) {
    const { tolerance } = standardWebhooks
    return { form: 'standardWebhooks', ...entryOf(standardWebhooks), toleranceMs: toleranceOf(tolerance) }
  }
  if (oidc) return { form: 'oidc', ...oidc }
  return sns && { form: 'sns', topicArn: sns.topicArn }
}

const entryOf = ({ previousKey, secretKeyRef }: NonNullable<Spec['bearer']>): SecretEntry => ({
  secret: secretKeyRef.name,
  key: secretKeyRef.key,
  previousKey,
})

const writingOf = ({ encoding, header, prefix, timestamp }: NonNullable<Spec['hmac']>): HmacWriting => ({
  header,
  prefix,
  encoding,
  timestamp: timestamp && {
    header: timestamp.header,
    prefix: timestamp.prefix,
    separator: timestamp.separator,
    toleranceMs: toleranceOf(timestamp.tolerance),
  },
})

/** Returns the tolerance in milliseconds. A text that is no duration gives 0, which accepts nothing. */
const toleranceOf = (tolerance: string): number => milliseconds(tolerance) ?? 0

/**
 * Returns how long two posts with the same signed body count as one, in milliseconds. 0 if every
 * post counts.
 */
export const replayWindowOf = ({ hmac, sns }: Spec = {}): number =>
  milliseconds(hmac?.replayWindow ?? sns?.replayWindow ?? '') ?? 0

/**
 * The ClusterRole with the right to read the Secrets that `auth` names. No account has this role
 * until an administrator binds it in a namespace.
 */
export const authRole = 'receiver-hooks-auth'

/** Says what to do if the installation does not allow the issuer that a hook names. */
export const issuerNotAllowed = ({ issuer }: IssuerAuth): string =>
  `this installation accepts no tokens from ${issuer}, which auth.oidc.issuer names. An administrator can allow it with the flag --oidc-issuer for both roles, or with the chart's oidc.issuers`

/**
 * Says what to do if the right to read a Secret is missing. `accounts` are the service accounts of
 * this installation.
 */
export const unreadableSecret = (role: Role, namespace: string, { secret }: SecretAuth, accounts: Accounts): string =>
  `the ${role} may not read Secret/${secret}, which auth names. With the chart, set auth.namespaces. Otherwise an administrator can allow it with: ${bindCommand(namespace, authRole, accounts, 'controller', 'trigger')}`
