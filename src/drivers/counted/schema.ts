import { at } from '../../api/json.ts'
import { nameLength, objectNameRule } from '../../api/names.ts'
import type { Properties, Rule, Stored } from '../../api/schema.ts'
import { largestCount, parseAmount } from '../../steps/arithmetic.ts'
import type { Declaration } from '../declaration.ts'

/** The fields that name an object of any kind. A driver adds what its kinds are, and a label for the name. */
export const named = {
  apiVersion: {
    type: 'string',
    title: 'API version',
    maxLength: 317,
    default: 'apps/v1',
    description: 'Its apiVersion.',
    hint: '',
  },
  kind: { type: 'string', title: 'Kind', maxLength: 63, default: 'Deployment' },
  name: {
    type: 'string',
    minLength: 1,
    maxLength: nameLength,
    description: 'Its name.',
    hint: '',
    'x-kubernetes-validations': [objectNameRule],
  },
} as const satisfies Properties

/** The fields that all drivers of counts share: direction, step and bounds. */
export const movement = {
  action: {
    type: 'string',
    title: 'Direction',
    enum: ['up', 'down'],
    description: 'up adds replicas, down removes them.',
    hint: '',
  },
  by: {
    'x-kubernetes-int-or-string': true,
    title: 'Step',
    maxLength: 8,
    default: 1,
    description:
      'How large a step is: a count of at least 1, or a share of the current replicas such as "25%", rounded up to at least 1.',
    hint: 'A count, or a share of the current count, such as "25%", rounded up.',
    'x-kubernetes-validations': [
      {
        rule: "type(self) == int ? self >= 1 && self <= 2147483647 : self.matches('^[1-9][0-9]{0,2}%$')",
        message: 'must be a count of at least 1, or a share from "1%" to "999%"',
        holds: self => parseAmount(self) !== undefined,
      },
    ],
  },
  min: {
    type: 'integer',
    title: 'Minimum',
    format: 'int64',
    minimum: 0,
    maximum: largestCount,
    default: 1,
    description: 'A step down stops here.',
  },
  max: {
    type: 'integer',
    title: 'Maximum',
    format: 'int64',
    minimum: 1,
    maximum: largestCount,
    description: 'A step up stops here. Optional with action down.',
    hint: 'A step up stops here.',
  },
  overshoot: {
    type: 'string',
    title: 'A step that would pass the bound',
    enum: ['clamp', 'reject'],
    titles: { clamp: 'ends at the bound', reject: 'is refused' },
    default: 'clamp',
    description: 'What to do with a step that would pass the bound: clamp stops at the bound, reject refuses the step.',
    hint: '',
  },
} as const satisfies Properties

/** The rules of the fields in {@link movement}. */
export const movementRules = [
  {
    rule: "self.action != 'up' || has(self.max)",
    fieldPath: '.max',
    reason: 'FieldValueRequired',
    message: 'must be set, because action is up: the count at which a step up stops',
    holds: self => at(self, 'action') !== 'up' || at(self, 'max') !== undefined,
  },
  {
    rule: '!has(self.max) || self.min <= self.max',
    fieldPath: '.max',
    message: 'must not be below min: raise max or lower min',
    holds: self => Number(at(self, 'min')) <= Number(at(self, 'max') ?? Infinity),
  },
] as const satisfies readonly Rule[]

/** The parts of the declaration that all drivers of counts share. */
export const countDeclaration = {
  asked: ['by', 'min', 'max'],
  columns: ['Action', 'By', 'Min', 'Max'],
  undoes: true,
  isApprovable: true,
} as const satisfies Partial<Declaration>

/** The part of a hook's member that says how a count moves. */
export type Counted = Stored<{
  readonly type: 'object'
  readonly required: readonly ['action']
  readonly properties: typeof movement
}>
