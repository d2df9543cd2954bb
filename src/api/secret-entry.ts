import { matching } from './matching.ts'
import { nameLength, objectNameRule } from './names.ts'
import type { Obj } from './schema.ts'

const keyRule = matching('^[-._a-zA-Z0-9]+$', 'must be a key of a Secret: letters, digits, "-", "_" and "."')

export const secretKeyRef = {
  type: 'object',
  title: 'Secret',
  description: "An entry of a Secret in the hook's namespace.",
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

/** The key of a second entry of the same Secret. Its value is accepted too. */
export const previousKey = {
  type: 'string',
  title: 'Key of the previous value',
  maxLength: nameLength,
  description:
    "Another key of the same Secret. While it's there, its value is accepted too, so no post is lost while a sender switches to a new value.",
  'x-kubernetes-validations': [keyRule],
} as const
