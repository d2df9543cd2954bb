import { durationRule, isDuration, milliseconds } from '../../api/duration.ts'
import { matching } from '../../api/matching.ts'
import { nameLength, objectNameRule } from '../../api/names.ts'
import type { Obj, Stored } from '../../api/schema.ts'
import type { Declaration } from '../declaration.ts'

/**
 * The headers of a post that never reach a Service, in lower case:
 * - Credentials and cookies. The token of the hook can be in `Authorization`.
 * - HTTP's own headers, which belong to one connection or one body.
 * - What a proxy says about the client. The Service may believe it, and any sender could write it.
 * - Headers that the driver itself writes.
 */
const neverPattern =
  '^(authorization|cookie2?|set-cookie2?|proxy-.*|host|content-.*|transfer-encoding|connection|keep-alive|te|trailers?|upgrade|http2-settings|expect|forwarded|via|x-forwarded-.*|x-real-ip|idempotency-key|receiver-hook.*)$'
const never = new RegExp(neverPattern)

/** Returns whether a header of a post must not reach a Service. `name` is in lower case. */
export const neverPasses = (name: string): boolean => never.test(name)

const smallestTimeoutMs = 100

/** The longest time for one try, and for all tries of one delivery, in milliseconds. */
export const largestTimeoutMs = 3000

const dotPart = '(^|/)[.][.]?(/|$)'
const hasDotPart = new RegExp(dotPart)

const serviceSchema = {
  type: 'object',
  title: 'Service',
  description: "The Service, in the hook's own namespace. It needs a selector and a cluster IP, and gets plain HTTP.",
  hint: "In the hook's own namespace. It needs a selector and a cluster IP, and gets plain HTTP.",
  'x-kubernetes-map-type': 'atomic',
  required: ['name', 'port'],
  properties: {
    name: {
      type: 'string',
      title: 'Name of the Service',
      minLength: 1,
      maxLength: nameLength,
      description: 'Its name.',
      hint: '',
      'x-kubernetes-validations': [objectNameRule],
    },
    port: {
      'x-kubernetes-int-or-string': true,
      title: 'Port of the Service',
      maxLength: 63,
      description: 'Its port, by number or by name.',
      hint: "A number, or the port's name.",
      'x-kubernetes-validations': [
        {
          rule: "type(self) == int ? self >= 1 && self <= 65535 : self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.matches('[a-z]')",
          message: 'must be a port of the Service: its number, from 1 to 65535, or its name',
          holds: self =>
            typeof self === 'number'
              ? self >= 1 && self <= 65_535
              : typeof self === 'string' && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(self) && /[a-z]/.test(self),
        },
      ],
    },
  },
} as const satisfies Obj

export const forwardSchema = {
  type: 'object',
  description: 'Passes the post on to a Service, at least once, with one idempotency key for all tries.',
  required: ['service'],
  properties: {
    service: serviceSchema,
    path: {
      type: 'string',
      title: 'Path',
      minLength: 1,
      maxLength: 1000,
      default: '/',
      description: 'The path on the Service, without a query.',
      hint: 'On the Service, without a query.',
      'x-kubernetes-validations': [
        matching(
          '^/[A-Za-z0-9/._~!$&()*+,;=:@-]*$',
          'must be a path that begins with "/", without "?", "#", "%" or spaces',
        ),
        {
          rule: `!self.matches('${dotPart}')`,
          message: 'must not have "." or ".." as a part',
          holds: self => typeof self === 'string' && !hasDotPart.test(self),
        },
      ],
    },
    query: {
      type: 'boolean',
      title: 'Pass the query on',
      default: false,
      description: "Whether to pass on the post's query, without `dryRun` and `wait`.",
      hint: 'Without dryRun and wait, which are for the hook.',
    },
    headers: {
      type: 'array',
      title: 'Headers',
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      description:
        "Which of the post's headers to pass on, in addition to `Content-Type`. Credentials, cookies and the headers of proxies and connections are never passed on.",
      hint: 'Which ones to pass on, in addition to Content-Type. Credentials and cookies never are.',
      items: {
        type: 'string',
        minLength: 1,
        maxLength: 64,
        'x-kubernetes-validations': [
          matching('^[A-Za-z0-9][A-Za-z0-9-]*$', 'must be a header name: letters, digits and "-"'),
          {
            rule: `!self.lowerAscii().matches('${neverPattern}')`,
            message:
              'is never passed on: it can hold a credential, belongs to the connection, says who the client is, or is written by the hook',
            holds: self => typeof self === 'string' && !neverPasses(self.toLowerCase()),
          },
        ],
      },
    },
    timeout: {
      type: 'string',
      title: 'Time for an answer',
      maxLength: 32,
      default: '2s',
      description: 'How long the Service may take to answer completely: 100ms to 3s. All tries of a delivery share 3s.',
      hint: 'How long the Service may take to answer completely: 100ms to 3s.',
      'x-kubernetes-validations': [
        durationRule,
        {
          rule: `!${isDuration('self')} || (duration(self) >= duration('${smallestTimeoutMs}ms') && duration(self) <= duration('${largestTimeoutMs}ms'))`,
          message: 'must be between 100ms and 3s',
          holds: self => {
            const ms = typeof self === 'string' ? milliseconds(self) : undefined
            return ms === undefined || (ms >= smallestTimeoutMs && ms <= largestTimeoutMs)
          },
        },
      ],
    },
  },
} as const satisfies Obj

export const forwardDeclaration = {
  name: 'forward',
  title: 'Pass the post on to a Service',
  asked: ['path'],
  schema: forwardSchema,
  columns: [],
  undoes: false,
  isApprovable: false,
} as const satisfies Declaration

export type Forward = Stored<typeof forwardSchema>
