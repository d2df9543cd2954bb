import { isObject } from './json.ts'
import { nameLength, objectNameRule } from './names.ts'
import type { Obj, Rule, Stored } from './schema.ts'

const keyPattern = '^[-._a-zA-Z0-9]+$'
const headerPattern = '^[A-Za-z0-9][-_A-Za-z0-9]*$'
const prefixPattern = '^([!-~][ -~]*)?$'

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
  description: 'An entry of a Secret in the namespace of the hook.',
  required: ['name', 'key'],
  properties: {
    name: {
      type: 'string',
      maxLength: nameLength,
      description: 'The name of the Secret.',
      'x-kubernetes-validations': [objectNameRule],
    },
    key: {
      type: 'string',
      maxLength: nameLength,
      description: 'The key of the entry.',
      'x-kubernetes-validations': [
        matching(keyPattern, 'must be a key of a Secret: letters, digits, "-", "_" and "."'),
      ],
    },
  },
} as const satisfies Obj

const forms = ['bearer', 'basic', 'hmac'] as const

/** What a sender has to prove beside the token. */
export const authSchema = {
  type: 'object',
  description:
    'What a post must prove besides having the URL: exactly one of bearer, basic and hmac. Another post is answered 401. Absent: nothing. It needs a right of its own; [how to set it up](../how-to/authenticate-senders.md).',
  properties: {
    bearer: {
      type: 'object',
      description: 'The post has the header `Authorization: Bearer`, with what is in a Secret (RFC 6750).',
      required: ['secretKeyRef'],
      properties: { secretKeyRef },
    },
    basic: {
      type: 'object',
      description: 'The post has a user name and a password in its header `Authorization: Basic` (RFC 7617).',
      required: ['secretRef'],
      properties: {
        secretRef: {
          type: 'object',
          description:
            'A Secret in the namespace of the hook with the keys `username` and `password`, as those of the type kubernetes.io/basic-auth have.',
          required: ['name'],
          properties: { name: secretKeyRef.properties.name },
        },
      },
    },
    hmac: {
      type: 'object',
      description: 'The post is signed: a header holds the HMAC-SHA256 of the body, in hexadecimal digits (RFC 2104).',
      required: ['secretKeyRef'],
      properties: {
        secretKeyRef,
        header: {
          type: 'string',
          maxLength: 128,
          default: 'X-Hub-Signature-256',
          description: "The header with the signature. By default GitHub's.",
          'x-kubernetes-validations': [
            matching(headerPattern, 'must be the name of a header: letters, digits, "-" and "_"'),
          ],
        },
        prefix: {
          type: 'string',
          maxLength: 64,
          default: 'sha256=',
          description: 'What stands before the digits. By default what GitHub writes; "" where there is nothing.',
          'x-kubernetes-validations': [
            matching(prefixPattern, 'must be what stands before the hexadecimal digits, as in "sha256=", or ""'),
          ],
        },
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '[has(self.bearer), has(self.basic), has(self.hmac)].exists_one(set, set)',
      message: 'must have exactly one of bearer, basic and hmac',
      holds: self => isObject(self) && forms.filter(form => self[form] !== undefined).length === 1,
    },
  ],
} as const satisfies Obj

/** What a hook asks of its senders beside the token, and which Secret in its namespace tells whether they have it. */
export type Auth =
  | { readonly form: 'bearer'; readonly secret: string; readonly key: string }
  | { readonly form: 'basic'; readonly secret: string }
  | {
      readonly form: 'hmac'
      readonly secret: string
      readonly key: string
      readonly header: string
      readonly prefix: string
    }

/** What the member `auth` of a spec says; undefined where there is none. */
export const authOf = ({ basic, bearer, hmac }: Stored<typeof authSchema> = {}): Auth | undefined => {
  if (bearer) return { form: 'bearer', secret: bearer.secretKeyRef.name, key: bearer.secretKeyRef.key }
  if (basic) return { form: 'basic', secret: basic.secretRef.name }
  if (!hmac) return undefined
  const { header, prefix, secretKeyRef } = hmac
  return { form: 'hmac', secret: secretKeyRef.name, key: secretKeyRef.key, header, prefix }
}

/** The ClusterRole to read such Secrets. It is bound to nobody until somebody applies the component in a namespace. */
export const authRole = 'receiver-hooks-auth'

/** What to say where the right to read a Secret is missing. */
export const unreadable = (account: 'controller' | 'trigger', namespace: string, { secret }: Auth): string =>
  `the ${account} may not read Secret/${secret}, which auth names: an administrator of the cluster has to run ` +
  `kubectl -n ${namespace} apply -k deploy/kustomize/components/auth`
