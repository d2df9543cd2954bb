import { nameLength, objectNameRule } from './names.ts'
import type { Obj, Rule } from './schema.ts'

/** The rule that a text matches a pattern, as the API server and this program judge it. */
export const matching = (pattern: string, message: string) => {
  const compiled = new RegExp(pattern)
  return {
    rule: `self.matches('${pattern}')`,
    message,
    holds: self => typeof self === 'string' && compiled.test(self),
  } as const satisfies Rule
}

const keyRule = matching('^[-._a-zA-Z0-9]+$', 'must be a key of a Secret: letters, digits, "-", "_" and "."')

/** An entry of a Secret. */
export const secretKeyRef = {
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
      'x-kubernetes-validations': [keyRule],
    },
  },
} as const satisfies Obj

/** Another entry of the same Secret, which counts too. */
export const previousKey = {
  type: 'string',
  title: 'Key of the previous value',
  maxLength: nameLength,
  description:
    'Another key of the same Secret. Its value counts too while it is there, so no post is lost while a sender changes to a new value.',
  'x-kubernetes-validations': [keyRule],
} as const
