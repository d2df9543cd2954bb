import { hasAtMost } from '../../api/characters.ts'
import { isObject } from '../../api/json.ts'
import { matching } from '../../api/matching.ts'
import { nameLength, objectNameRule, subdomainPattern } from '../../api/names.ts'
import type { Obj, Rule } from '../../api/schema.ts'

/** The kinds of workloads with a pod template. */
export const workloadKindNames = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const

export type WorkloadKind = (typeof workloadKindNames)[number]

/** The targets of a hook: one workload, or all workloads of some kinds with certain labels. */
export interface Reach {
  readonly target?: { readonly kind: WorkloadKind; readonly name: string } | undefined
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> | undefined } | undefined
  readonly kinds?: readonly WorkloadKind[] | undefined
}

/** Returns whether a member of an object is set, for the rules of that object. */
export const isSet = (self: unknown, member: string): boolean => isObject(self) && self[member] !== undefined

/** The longest name of a label, in characters: a prefix, a slash and a name. */
const labelLength = nameLength + 1 + 63

/** The syntax of labels (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/). */
const labelNamePattern = `^(${subdomainPattern}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
const labelValuePattern = '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'
const labelName = new RegExp(labelNamePattern)

const isLabelName = (text: string): boolean =>
  hasAtMost(text, labelLength) && text.indexOf('/') <= nameLength && labelName.test(text)

export const workloadTarget = <const K extends readonly WorkloadKind[]>(kinds: K) =>
  ({
    type: 'object',
    title: 'One workload',
    description: "One workload, in the hook's own namespace. Set this or `selector`.",
    hint: "In the hook's own namespace.",
    required: ['name'],
    properties: {
      kind: { type: 'string', title: 'Kind', enum: kinds, default: 'Deployment', description: 'Its kind.', hint: '' },
      name: {
        type: 'string',
        title: 'Name of the workload',
        minLength: 1,
        maxLength: nameLength,
        description: 'Its name.',
        hint: '',
        'x-kubernetes-validations': [objectNameRule],
      },
    },
  }) as const satisfies Obj

export const workloadSelector = {
  type: 'object',
  title: 'Workloads with labels',
  description: 'Every workload in the namespace with these labels. `{}` means all.',
  hint: 'Every workload in the namespace with these labels; without labels, all of them.',
  properties: {
    matchLabels: {
      type: 'object',
      title: 'Labels',
      maxProperties: 16,
      description: 'Labels of the workloads themselves, at most 16.',
      additionalProperties: {
        type: 'string',
        maxLength: 63,
        'x-kubernetes-validations': [
          matching(
            labelValuePattern,
            'must be a label\'s value: letters, digits, "-", "_" and ".", with a letter or digit at both ends, or empty',
          ),
        ],
      },
      'x-kubernetes-validations': [
        {
          // The length comes first. It bounds what the other two parts cost.
          rule: `self.all(name, name.size() <= ${labelLength} && name.indexOf('/') <= ${nameLength} && name.matches('${labelNamePattern}'))`,
          message:
            'must have label names: at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends; before that, if you like, a DNS name and a slash',
          holds: self => !isObject(self) || Object.keys(self).every(isLabelName),
        },
      ],
    },
  },
} as const satisfies Obj

/** Returns the schema of the member `kinds`, which may name these kinds. `all` is their number in words. */
export const kindsOfSelector = <const K extends readonly WorkloadKind[]>(kinds: K, all: string) =>
  ({
    type: 'array',
    title: 'Kinds',
    maxItems: kinds.length,
    'x-kubernetes-list-type': 'set',
    description: `The kinds that \`selector\` looks at. By default all ${all}.`,
    hint: `Only workloads of these kinds. By default all ${all}.`,
    items: { type: 'string', enum: kinds },
  }) as const

/**
 * Returns the rules for `target`, `selector` and `kinds` together. `title` is the label with which
 * a form offers the choice between `target` and `selector`.
 */
export const reachRules = (title: string, all: string): readonly Rule[] => [
  {
    rule: 'has(self.target) != has(self.selector)',
    message: 'must have either target or selector: selector: {} means every workload in the namespace',
    choice: { title, of: ['target', 'selector'] },
    holds: self => isSet(self, 'target') !== isSet(self, 'selector'),
  },
  {
    rule: '!has(self.kinds) || has(self.selector)',
    fieldPath: '.kinds',
    reason: 'FieldValueForbidden',
    message: 'needs selector: target already names its kind',
    holds: self => !isSet(self, 'kinds') || isSet(self, 'selector'),
  },
  {
    // With an empty list, the author would need no right.
    rule: '!has(self.kinds) || size(self.kinds) > 0',
    fieldPath: '.kinds',
    message: `must have at least one kind; leave it out for all ${all}`,
    holds: self => !isObject(self) || !Array.isArray(self['kinds']) || self['kinds'].length > 0,
  },
]
