import { durationRule, isDuration, milliseconds, noLongerThanADay } from './duration.ts'
import { at, isObject } from './json.ts'
import { matching } from './matching.ts'
import { oidcSchema } from './oidc-schema.ts'
import type { Obj, Str } from './schema.ts'
import { previousKey, secretKeyRef } from './secret-entry.ts'

const headerPattern = '^[A-Za-z0-9][-_A-Za-z0-9]*$'
const prefixPattern = '^([!-~][ -~]*)?$'
/**
 * The pattern of the text between a signed time and the body. The text must not begin with a digit,
 * because the digit would read as part of the time.
 */
const separatorPattern = '^[ -/:-~][ -~]*$'
/**
 * The pattern of headers that cannot carry a secret, in lower case: HTTP's own, those about the
 * body, cookies, and those that identify or sign a delivery.
 */
const reservedPattern =
  '^(host|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|cookie|set-cookie|idempotency-key|webhook-.*)$'
/**
 * The pattern of an Amazon SNS topic's resource name (ARN,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html), also in the partitions for
 * China and for governments.
 */
const topicPattern = '^arn:aws(-[a-z]+)*:sns:[a-z]+(-[a-z]+)+-[0-9]+:[0-9]{12}:[-_A-Za-z0-9]{1,256}([.]fifo)?$'

const headerRule = matching(headerPattern, 'must be the name of a header: letters, digits, "-" and "_"')

/** How far a signed time may be from the present, before or after it. */
const tolerance = {
  type: 'string',
  title: 'How old a signature may be',
  maxLength: 32,
  default: '5m',
  description:
    "How far the signed time may be from the trigger's clock, in either direction: 10s to 1h. A signed post counts once within twice that time.",
  'x-kubernetes-validations': [
    durationRule,
    {
      rule: `!${isDuration('self')} || (duration(self) >= duration('10s') && duration(self) <= duration('1h'))`,
      message: 'must be between 10s and 1h',
      holds: self => {
        const ms = typeof self === 'string' ? milliseconds(self) : undefined
        return ms === undefined || (ms >= 10_000 && ms <= 3_600_000)
      },
    },
  ],
} as const satisfies Str

const reserved = new RegExp(reservedPattern)

/** Returns whether both names are the same header. HTTP ignores their case. */
const sameHeader = (one: unknown, other: unknown): boolean => String(one).toLowerCase() === String(other).toLowerCase()

/**
 * The field has no default, because guard.ts requires every field that has one. A hook that was
 * stored under an older CRD does not have this field, and must stay valid.
 */
const replayWindow = {
  type: 'string',
  maxLength: 32,
  'x-kubernetes-validations': [durationRule, noLongerThanADay],
} as const

const forms = ['bearer', 'basic', 'header', 'path', 'hmac', 'standardWebhooks', 'oidc', 'sns'] as const
const listed = 'bearer, basic, header, path, hmac, standardWebhooks, oidc and sns'

/** What a sender has to prove in addition to the token. */
export const authSchema = {
  type: 'object',
  title: 'What a post must prove',
  description: `What a post must prove, in addition to having the URL: exactly one of ${listed}. Any other post gets 401. By default nothing. All but oidc and sns need an extra right; [how to set it up](../how-to/authenticate-senders.md).`,
  hint: 'Besides having the URL. Any other post gets 401. If this names a Secret, the trigger needs the right to read it: the hook shows the command that grants it.',
  properties: {
    bearer: {
      type: 'object',
      title: 'A bearer token',
      description: 'The post has the header `Authorization: Bearer`, with the value from a Secret (RFC 6750).',
      required: ['secretKeyRef'],
      properties: { secretKeyRef, previousKey },
    },
    basic: {
      type: 'object',
      title: 'User name and password',
      description: 'The post has a user name and password in the header `Authorization: Basic` (RFC 7617).',
      required: ['secretRef'],
      properties: {
        secretRef: {
          type: 'object',
          title: 'Secret',
          description:
            "A Secret in the hook's namespace with the keys `username` and `password`, as in the type kubernetes.io/basic-auth.",
          required: ['name'],
          properties: { name: secretKeyRef.properties.name },
        },
        previousKey: {
          ...previousKey,
          title: 'Key of the previous password',
          description:
            "Another key of the same Secret, with the previous password. While it's there, it is accepted too, with the same user name, so no post is lost while a sender switches.",
        },
      },
    },
    header: {
      type: 'object',
      title: 'A secret in a header',
      description: "The post has a header whose whole value is in a Secret, such as GitLab's `X-Gitlab-Token`.",
      required: ['name', 'secretKeyRef'],
      properties: {
        name: {
          type: 'string',
          title: 'Name of the header',
          maxLength: 128,
          description: 'The header with the secret: GitLab uses `X-Gitlab-Token`.',
          'x-kubernetes-validations': [
            headerRule,
            {
              rule: `!self.lowerAscii().matches('${reservedPattern}')`,
              message:
                'must be a header used only for the secret, such as X-Gitlab-Token: HTTP or the delivery uses this one',
              holds: self => typeof self === 'string' && !reserved.test(self.toLowerCase()),
            },
          ],
        },
        secretKeyRef,
        previousKey,
      },
    },
    path: {
      type: 'object',
      title: 'A secret at the end of the URL',
      description:
        'The URL ends with `/` and the value from a Secret: for a sender that only takes a URL. The value has 32 to 256 letters, digits, `-` and `_`. Needs `token.url: named`.',
      required: ['secretKeyRef'],
      properties: { secretKeyRef, previousKey },
    },
    hmac: {
      type: 'object',
      title: 'A signature of the body (HMAC)',
      description:
        'The post is signed: a header holds the HMAC-SHA256 of the body, or of a time and the body, in hex or Base64 (RFC 2104).',
      required: ['secretKeyRef'],
      properties: {
        secretKeyRef,
        header: {
          type: 'string',
          title: 'Header of the signature',
          maxLength: 128,
          default: 'X-Hub-Signature-256',
          description: "The header with the signature. The default is GitHub's.",
          'x-kubernetes-validations': [headerRule],
        },
        prefix: {
          type: 'string',
          title: 'Text before the signature',
          maxLength: 64,
          default: 'sha256=',
          description: 'The text before the signature. The default is GitHub\'s. Use "" for nothing.',
          hint: 'What comes before the signature in the header. GitHub writes "sha256=". Empty: nothing.',
          'x-kubernetes-validations': [
            matching(prefixPattern, 'must be the text before the signature, as in "sha256=", or ""'),
          ],
        },
        previousKey,
        encoding: {
          type: 'string',
          title: 'How the signature is written',
          enum: ['hex', 'base64'],
          titles: { hex: 'Hexadecimal digits', base64: 'Base64' },
          description: 'How the signature is written. By default hex.',
          hint: 'Hexadecimal digits by default.',
        },
        timestamp: {
          type: 'object',
          title: 'A time that is signed with the body',
          description:
            'The sender signs `prefix`, the time, `separator` and the body. If the time is off by more than `tolerance`, the post gets 401, so a captured post soon stops working.',
          hint: 'For a sender that signs a time before the body, as Grafana and Slack can. A post whose time is too far off gets 401, so a captured one soon stops working.',
          required: ['header'],
          properties: {
            header: {
              type: 'string',
              title: 'Header of the time',
              maxLength: 128,
              description: 'The header with the time, in seconds since 1970.',
              'x-kubernetes-validations': [headerRule],
            },
            prefix: {
              type: 'string',
              title: 'Text before the time',
              maxLength: 64,
              default: '',
              description: 'The signed text before the time: empty by default, `v0:` for Slack.',
              hint: 'The signed text before the time. Slack signs "v0:". Empty: nothing.',
              'x-kubernetes-validations': [
                matching('^[ -~]*$', 'must be the text signed before the time, as in "v0:", or ""'),
              ],
            },
            separator: {
              type: 'string',
              title: 'Text between time and body',
              minLength: 1,
              maxLength: 8,
              default: ':',
              description: 'The signed text between the time and the body. The default suits Grafana and Slack.',
              'x-kubernetes-validations': [
                matching(separatorPattern, 'must not begin with a digit, which could be part of the time'),
              ],
            },
            tolerance,
          },
        },
        replayWindow: {
          ...replayWindow,
          title: 'A signed body counts once within',
          description:
            'Within this time a signed body counts once, regardless of its idempotency key. A second post with the same body is skipped as a Duplicate, even if the sender repeats it on purpose. By default 0s: each post with its own idempotency key counts.',
        },
      },
      'x-kubernetes-validations': [
        {
          rule: '!has(self.timestamp) || !has(self.replayWindow)',
          message: 'must not be set together with timestamp: a signed time already prevents replays',
          fieldPath: '.replayWindow',
          holds: self => at(self, 'timestamp') === undefined || at(self, 'replayWindow') === undefined,
        },
        {
          rule: '!has(self.timestamp) || self.timestamp.header.lowerAscii() != self.header.lowerAscii()',
          message: 'must not be the header that holds the signature',
          fieldPath: '.timestamp.header',
          holds: self => !sameHeader(at(self, 'timestamp', 'header') ?? '', at(self, 'header')),
        },
      ],
    },
    standardWebhooks: {
      type: 'object',
      title: 'A Standard Webhooks signature',
      description:
        'The post is signed as standardwebhooks.com defines: with the headers webhook-id, webhook-timestamp and webhook-signature, or `svix-…`. The signed ID is the idempotency key, and `Idempotency-Key` is ignored. The Secret holds `whsec_` and 24 to 64 bytes in Base64, or `whpk_` and a 32-byte public Ed25519 key.',
      required: ['secretKeyRef'],
      properties: { secretKeyRef, previousKey, tolerance },
    },
    oidc: oidcSchema,
    sns: {
      type: 'object',
      title: 'An Amazon SNS signature',
      description:
        "The post is a message from one Amazon SNS topic, signed by Amazon. Without this, the hook accepts a signed message from any topic. It refuses raw messages, because they aren't signed.",
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
              'must be the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME, or with aws-cn or aws-us-gov instead of aws',
            ),
          ],
        },
        replayWindow: {
          ...replayWindow,
          title: 'A message counts once within',
          description:
            'Within this time a message counts once, regardless of its idempotency key. An older message gets 401, so a captured one never counts again. Make it longer than SNS keeps retrying a message: at most an hour. By default 0s: no check.',
        },
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: `[${forms.map(form => `has(self.${form})`).join(', ')}].exists_one(set, set)`,
      message: `must have exactly one of ${listed}`,
      choice: { title: 'What a post must prove', of: forms, none: 'Nothing: the URL is enough' },
      holds: self => isObject(self) && forms.filter(form => self[form] !== undefined).length === 1,
    },
  ],
} as const satisfies Obj
