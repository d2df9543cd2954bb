import type { authSchema } from './auth-schema.ts'
import { bindCommand, type Accounts, type Role } from './bind-command.ts'
import { milliseconds } from './duration.ts'
import type { Stored } from './schema.ts'

/** What a hook asks of its senders beside the token. */
export type Auth = SecretAuth | TopicAuth

/** An entry of a Secret in the namespace of the hook. */
interface SecretEntry {
  readonly secret: string
  readonly key: string
  /** The entry of the same Secret that counts too while it is there. */
  readonly previousKey?: string | undefined
}

/** What is compared with a Secret. */
export type SecretAuth =
  | (SecretEntry & { readonly form: 'bearer' })
  | { readonly form: 'basic'; readonly secret: string; readonly previousKey?: string | undefined }
  | (SecretEntry & { readonly form: 'header'; readonly header: string })
  | (SecretEntry & HmacWriting & { readonly form: 'hmac' })
  | (SecretEntry & { readonly form: 'standardWebhooks'; readonly toleranceMs: number })

/** How an HMAC is written into a post. */
export interface HmacWriting {
  readonly header: string
  readonly prefix: string
  /** Absent: `hex`. */
  readonly encoding?: 'hex' | 'base64' | undefined
  readonly timestamp?: SignedTime | undefined
}

/** A time that is signed with the body: `prefix`, the time, `separator`, the body. */
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

type Spec = Stored<typeof authSchema>

/** What the member `auth` of a spec says; undefined where there is none. */
export const authOf = ({ basic, bearer, header, hmac, sns, standardWebhooks }: Spec = {}): Auth | undefined => {
  if (bearer) return { form: 'bearer', ...entryOf(bearer) }
  if (basic) return { form: 'basic', secret: basic.secretRef.name, previousKey: basic.previousKey }
  if (header) return { form: 'header', ...entryOf(header), header: header.name }
  if (hmac) return { form: 'hmac', ...entryOf(hmac), ...writingOf(hmac) }
  if (standardWebhooks) {
    const { tolerance } = standardWebhooks
    return { form: 'standardWebhooks', ...entryOf(standardWebhooks), toleranceMs: toleranceOf(tolerance) }
  }
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

/** None where it is no duration: then no time is near enough. */
const toleranceOf = (tolerance: string): number => milliseconds(tolerance) ?? 0

/** How long one signed body counts once, in milliseconds; 0 where each counts. */
export const replayWindowOf = ({ hmac, sns }: Spec = {}): number =>
  milliseconds(hmac?.replayWindow ?? sns?.replayWindow ?? '') ?? 0

/** The ClusterRole to read such Secrets. It is bound to nobody until an administrator binds it in a namespace. */
export const authRole = 'receiver-hooks-auth'

/** Says what to do where the right to read a Secret is missing. `accounts` are the product's. */
export const unreadable = (role: Role, namespace: string, { secret }: SecretAuth, accounts: Accounts): string =>
  `the ${role} may not read Secret/${secret}, which auth names. An administrator allows it with: ` +
  bindCommand(namespace, authRole, accounts, 'controller', 'trigger')
