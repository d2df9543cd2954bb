import { bindCommand, type Accounts, type Role } from './bind-command.ts'
import { durationRule, milliseconds, noLongerThanADay } from './duration.ts'
import { isObject } from './json.ts'
import { nameLength, objectNameRule } from './names.ts'
import type { Obj, Rule, Stored } from './schema.ts'

const keyPattern = '^[-._a-zA-Z0-9]+$'
const headerPattern = '^[A-Za-z0-9][-_A-Za-z0-9]*$'
const prefixPattern = '^([!-~][ -~]*)?$'
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html, with the partitions of China and of governments. */
const topicPattern = '^arn:aws(-[a-z]+)*:sns:[a-z]+(-[a-z]+)+-[0-9]+:[0-9]{12}:[-_A-Za-z0-9]{1,256}([.]fifo)?$'

const matching = (pattern: string, message: string) => {
  const compiled = new RegExp(pattern)
  return {
    rule: `self.matches('${pattern}')`,
    message,
    holds: self => typeof self === 'string' && compiled.test(self),
  } as const satisfies Rule
}

const secretKeyRef = {
  type: 'object',
  title: 'Secret',
  description: 'An entry of a Secret in the namespace of the hook.',
  required: ['name', 'key'],
  properties: {
    name: {
      type: 'string',
      title: 'Name of the Secret',
      maxLength: nameLength,
      description: 'The name of the Secret.',
      hint: '',
      'x-kubernetes-validations': [objectNameRule],
    },
    key: {
      type: 'string',
      title: 'Key in the Secret',
      maxLength: nameLength,
      description: 'The key of the entry.',
      hint: '',
      'x-kubernetes-validations': [
        matching(keyPattern, 'must be a key of a Secret: letters, digits, "-", "_" and "."'),
      ],
    },
  },
} as const satisfies Obj

/** It has no default in the schema: hooks that were stored before it are to stay valid under a CRD that does not know it. */
const replayWindow = {
  type: 'string',
  maxLength: 32,
  'x-kubernetes-validations': [durationRule, noLongerThanADay],
} as const

const forms = ['bearer', 'basic', 'hmac', 'sns'] as const

/** What a sender has to prove beside the token. */
export const authSchema = {
  type: 'object',
  title: 'What a post must prove',
  description:
    'What a post must prove besides having the URL: exactly one of bearer, basic, hmac and sns. Any other post gets 401. By default nothing. All but sns need a right of their own; [how to set it up](../how-to/authenticate-senders.md).',
  hint: 'Besides having the URL. Any other post gets 401. Where this names a Secret, the trigger needs the right to read it: the hook says which command gives it.',
  properties: {
    bearer: {
      type: 'object',
      title: 'A bearer token',
      description: 'The post has the header `Authorization: Bearer`, with what is in a Secret (RFC 6750).',
      required: ['secretKeyRef'],
      properties: { secretKeyRef },
    },
    basic: {
      type: 'object',
      title: 'User name and password',
      description: 'The post has a user name and a password in its header `Authorization: Basic` (RFC 7617).',
      required: ['secretRef'],
      properties: {
        secretRef: {
          type: 'object',
          title: 'Secret',
          description:
            'A Secret in the namespace of the hook with the keys `username` and `password`, as those of the type kubernetes.io/basic-auth have.',
          required: ['name'],
          properties: { name: secretKeyRef.properties.name },
        },
      },
    },
    hmac: {
      type: 'object',
      title: 'A signature of the body (HMAC)',
      description: 'The post is signed: a header holds the HMAC-SHA256 of the body, in hexadecimal digits (RFC 2104).',
      required: ['secretKeyRef'],
      properties: {
        secretKeyRef,
        header: {
          type: 'string',
          title: 'Header of the signature',
          maxLength: 128,
          default: 'X-Hub-Signature-256',
          description: "The header with the signature. The default is GitHub's.",
          'x-kubernetes-validations': [
            matching(headerPattern, 'must be the name of a header: letters, digits, "-" and "_"'),
          ],
        },
        prefix: {
          type: 'string',
          title: 'What is before the digits',
          maxLength: 64,
          default: 'sha256=',
          description: 'What the header has before the digits. The default is what GitHub writes. Use "" for nothing.',
          hint: 'What the header has before the digits. GitHub writes "sha256=". Leave it empty where there is nothing.',
          'x-kubernetes-validations': [
            matching(prefixPattern, 'must be what stands before the hexadecimal digits, as in "sha256=", or ""'),
          ],
        },
        replayWindow: {
          ...replayWindow,
          title: 'A signed body counts once within',
          description:
            'Within this time one signed body counts once, whatever idempotency keys its posts have. A second post with the same body is skipped as a Duplicate, even if the sender repeats it on purpose. By default 0s: each post with an idempotency key of its own counts.',
        },
      },
    },
    sns: {
      type: 'object',
      title: 'A signature of Amazon SNS',
      description:
        "The post is a message of one topic of Amazon SNS, signed by Amazon. Without this, the hook accepts a signed message of anybody's topic. It refuses raw messages, which are not signed.",
      required: ['topicArn'],
      properties: {
        topicArn: {
          type: 'string',
          title: 'ARN of the topic',
          maxLength: 350,
          description: 'The ARN of the topic, such as `arn:aws:sns:eu-central-1:123456789012:web-load`.',
          'x-kubernetes-validations': [
            matching(
              topicPattern,
              'must be the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME, or aws-cn or aws-us-gov in the place of aws',
            ),
          ],
        },
        replayWindow: {
          ...replayWindow,
          title: 'A message counts once within',
          description:
            'Within this time one message counts once, whatever idempotency keys its posts have. A message that was published longer ago gets 401, so a captured one never counts again. Make it longer than SNS tries to deliver a message, an hour at most. By default 0s: no check.',
        },
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '[has(self.bearer), has(self.basic), has(self.hmac), has(self.sns)].exists_one(set, set)',
      message: 'must have exactly one of bearer, basic, hmac and sns',
      choice: { title: 'What a post must prove', of: forms, none: 'Nothing: the URL is enough' },
      holds: self => isObject(self) && forms.filter(form => self[form] !== undefined).length === 1,
    },
  ],
} as const satisfies Obj

/** What a hook asks of its senders beside the token. */
export type Auth = SecretAuth | TopicAuth

/** What a Secret in the namespace of the hook holds. */
export type SecretAuth =
  | { readonly form: 'bearer'; readonly secret: string; readonly key: string }
  | { readonly form: 'basic'; readonly secret: string }
  | {
      readonly form: 'hmac'
      readonly secret: string
      readonly key: string
      readonly header: string
      readonly prefix: string
    }

/** A signed message of one topic of Amazon SNS. */
export interface TopicAuth {
  readonly form: 'sns'
  readonly topicArn: string
}

/** What the member `auth` of a spec says; undefined where there is none. */
export const authOf = ({ basic, bearer, hmac, sns }: Stored<typeof authSchema> = {}): Auth | undefined => {
  if (bearer) return { form: 'bearer', secret: bearer.secretKeyRef.name, key: bearer.secretKeyRef.key }
  if (basic) return { form: 'basic', secret: basic.secretRef.name }
  if (sns) return { form: 'sns', topicArn: sns.topicArn }
  if (!hmac) return undefined
  const { header, prefix, secretKeyRef } = hmac
  return { form: 'hmac', secret: secretKeyRef.name, key: secretKeyRef.key, header, prefix }
}

/** How long one signed body counts once, in milliseconds; 0 where each counts. */
export const replayWindowOf = ({ hmac, sns }: Stored<typeof authSchema> = {}): number =>
  milliseconds(hmac?.replayWindow ?? sns?.replayWindow ?? '') ?? 0

/** The ClusterRole to read such Secrets. It is bound to nobody until an administrator binds it in a namespace. */
export const authRole = 'receiver-hooks-auth'

/** Says what to do where the right to read a Secret is missing. `accounts` are the product's. */
export const unreadable = (role: Role, namespace: string, { secret }: SecretAuth, accounts: Accounts): string =>
  `the ${role} may not read Secret/${secret}, which auth names. An administrator allows it with: ` +
  bindCommand(namespace, authRole, accounts, 'controller', 'trigger')
