import { checkedMilliseconds, durationRule, isDuration, milliseconds } from './duration.ts'
import { at } from './json.ts'
import type { Obj, Rule } from './schema.ts'

const minWithinMs = 60_000
const maxWithinMs = 12 * 3_600_000

/** A hook with this member changes nothing before a person has approved the very change. */
export const approvalSchema = {
  type: 'object',
  title: 'Approval',
  description:
    'A post or a ReceiverHookRequest runs the hook only once another person has approved the exact change it makes. Only for `scale` and `scaleNodes` without `for`, `redeploy` and `restart`: [how to use it](../how-to/approve-requests.md).',
  hint: 'A post waits, and changes nothing until a person approves what it would do.',
  required: ['within'],
  properties: {
    within: {
      type: 'string',
      title: 'Approved within',
      maxLength: 32,
      description:
        'How long a post or a request waits for a decision before it is closed, such as "15m": from 1m to 12h.',
      hint: 'As in 15m. After this, it is closed.',
      'x-kubernetes-validations': [
        durationRule,
        {
          rule: `!${isDuration('self')} || (duration(self) >= duration('1m') && duration(self) <= duration('12h'))`,
          message: 'must be from 1m to 12h',
          holds: self => {
            const ms = (typeof self === 'string' ? milliseconds(self) : undefined) ?? minWithinMs
            return ms >= minWithinMs && ms <= maxWithinMs
          },
        },
      ],
    },
  },
} as const satisfies Obj

/** Returns the rules of `approval`. `showing` lists the drivers that can show what they will change. */
export const approvalRules = (showing: readonly string[]): readonly Rule[] => [
  {
    rule: `!has(self.approval) || self.driver in [${showing.map(driver => `'${driver}'`).join(', ')}]`,
    fieldPath: '.approval',
    reason: 'FieldValueForbidden',
    message: `must not be set with this driver: only changes that can be shown first can be approved: ${showing.join(', ')}`,
    holds: self => at(self, 'approval') === undefined || showing.some(driver => driver === at(self, 'driver')),
  },
  {
    // Each report of an alert makes a lease longer, and nobody would be asked about that.
    rule: '!has(self.approval) || !has(self.__for__)',
    fieldPath: '.approval',
    reason: 'FieldValueForbidden',
    message: 'must not be set together with for: approve steps that stay, or remove approval',
    holds: self => at(self, 'approval') === undefined || at(self, 'for') === undefined,
  },
]

/** Returns how long a request waits for its decision, in milliseconds. Undefined if the hook asks for none. */
export const approvalWithin = (approval: { readonly within: string } | undefined): number | undefined =>
  approval && checkedMilliseconds(approval.within)
