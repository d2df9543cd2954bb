import type { StoredObject } from '../../api/object.ts'
import type { Outcome } from '../../api/outcome.ts'
import { scaledObjects } from '../../kube/resources.ts'
import { shownCount } from '../../record/count-name.ts'
import type { Step } from '../../steps/steps.ts'
import { heldKinds, type HeldKind } from '../../steps/target/held-kinds.ts'
import { base, fieldPath, heldName, isOverruled, productManager, valueIn } from '../../steps/target/holds.ts'
import { ownersOf } from '../../steps/target/managers.ts'
import { targetProblem } from '../../steps/target/read.ts'
import { targetText } from '../../steps/target/text.ts'
import { countNeeds } from '../counted/counted.ts'
import type { Driver } from '../driver.ts'
import { reachInWords, reachNeeds } from '../rollouts/reach.ts'
import { holdRights, holdVerb } from './hold-rights.ts'
import { anyNumber, asManyLess, heldBy, oneMore, holdMany, manyInWords, reachOf, type HeldObject } from './many.ts'
import { holdDeclaration, kindsByDefault, type HoldMember, type holdSchema } from './schema.ts'

const oneBy = ({ target, ...aim }: HoldMember): HeldObject => {
  if (!target) throw new TypeError('a hold of many objects has no target')
  return heldBy({ target, ...aim })
}

const shownIn = (member: HoldMember): string => (member.target ? inWords(oneBy(member)) : manyInWords(member))

/** Keeps a switch on, or a count at a number, until the time of the hook is over. */
export const hold = {
  ...holdDeclaration,
  targets: [...new Set(heldKinds.map(({ type }) => type))].map(type => ({ type })),
  rights: holdRights,

  target: member => (member.target ? shownCount(targetText(oneBy(member).count)) : reachInWords(reachOf(member))),
  object: member => member.target && { type: oneBy(member).kind.type, name: member.target.name },
  describe: member => `hold ${shownIn(member)}`,
  worst: member => `hold ${shownIn(member)}, and keep holding it with further posts`,

  async validate(member, reading) {
    if (!member.target) return undefined
    const { kind, value } = oneBy(member)
    const { name } = member.target
    const shown = `${kind.type.kind}/${name}`
    const object = await reading.getWhole(kind.type, name)
    if (!object) {
      const message = `there is no ${shown} in namespace ${reading.namespace}`
      return { reason: 'TargetNotFound', message, lasts: 'reconciling' }
    }
    const problem = targetProblem({ ...object, kind: kind.type.kind })
    if (problem) return { ...problem, lasts: problem.reason === 'OwnedByController' ? 'stalled' : 'reconciling' }
    const other = kind.problem?.(object)
    if (other) return { reason: 'NotHoldable', message: other.message, lasts: 'stalled' }
    const autoscaler = kind.field.isCount ? await reading.autoscalerOf(kind.type, name) : undefined
    // At 0, a HorizontalPodAutoscaler stops, and it goes on from what is put back.
    const isAllowed = autoscaler?.startsWith(`${scaledObjects.kind}/`) !== true && ['0', base].includes(value)
    if (autoscaler === undefined || isAllowed) return undefined
    const message = `${autoscaler} sets the count of ${shown} and would undo the hold: hold ${autoscaler} instead, if it is a ScaledObject, or use to: 0`
    return { reason: 'ManagedByAutoscaler', message, lasts: 'stalled' }
  },

  async overruled(_member, reading, { shown }) {
    const overruled: string[] = []
    for (const object of new Set(shown.map(({ object }) => object))) {
      const { kind, name = '' } = heldIn(object)
      const found = kind && (await reading.getWhole(kind.type, name))
      if (found && isOverruled(found, kind.field)) overruled.push(overruledInWords(found, kind))
    }
    const [first, ...others] = overruled
    return others.length > 0 ? `${first}; the same goes for ${others.length} more` : first
  },

  needs: member =>
    (member.target ? countNeeds(oneBy(member).count) : reachNeeds(reachOf(member), kindsByDefault)).map(need => ({
      ...need,
      verbs: [...need.verbs, holdVerb],
    })),

  execute: member => {
    if (!member.target) return holdMany(member)
    const held = oneBy(member)
    return async (_delivery, { hook: { namespace }, step }) =>
      outcomeOf(held, await step({ ...held.count, namespace }, oneMore, anyNumber), 'Held')
  },

  undo: member => {
    const held = oneBy(member)
    return async (_delivery, { hook: { namespace }, step }) =>
      outcomeOf(held, await step({ ...held.count, namespace }, asManyLess), 'Undone')
  },
} satisfies Driver<'hold', typeof holdSchema>

/** Returns what a lease is about that is shown as `Deployment/web replicas=0`. No kind if it is no hold. */
const heldIn = (shown: string) => {
  const [, of, name, field = ' '] = /^(\w+)\/(\S+) ([\w-]+)=/.exec(shown) ?? []
  return {
    name,
    kind: heldKinds.find(kind => kind.type.kind === of && /[^./]+$/.exec(heldName(kind.field))?.[0] === field),
  }
}

/** Returns who has overruled a hold, such as `kubectl-edit has set spec.suspend of CronJob/report to false`. */
const overruledInWords = (object: StoredObject, { field, type }: HeldKind): string => {
  const [owner] = ownersOf(object, fieldPath(field)).filter(({ manager }) => manager !== productManager)
  const when = owner?.time === undefined ? '' : ` at ${owner.time}`
  const shown = `${heldName(field)} of ${type.kind}/${object.metadata.name}`
  const value = valueIn(object, field)
  const what = value === undefined ? `removed ${shown}` : `set ${shown} to ${value}`
  return `${owner?.manager ?? 'someone'} has ${what}${when}, so this hook's hold on it is over`
}

/** Returns what is held, as `spec.replicas of Deployment/web at 0`. */
const inWords = ({ count: { name }, kind: { field, type }, value }: HeldObject): string =>
  `${heldName(field)} of ${type.kind}/${name} at ${value === base ? 'what others set' : value}`

const outcomeOf = (held: HeldObject, step: Step, done: 'Held' | 'Undone'): Outcome => {
  const { count, kind, value } = held
  const object = `${kind.type.kind}/${count.name}`
  switch (step.outcome) {
    case 'done': {
      const { from, to, until } = step
      if (from === to) {
        const summary = `${object}: ${heldName(kind.field)} is already ${value}`
        return { outcome: 'unchanged', reason: 'AlreadySo', summary, changes: [], until }
      }
      const others = to > 1 ? `, as ${to - 1} more ${to === 2 ? 'does' : 'do'}` : ''
      const summary =
        done === 'Undone'
          ? `ended the hold on ${inWords(held)}${to > 0 ? `; ${to} more ${to === 1 ? 'holds' : 'hold'} it` : ''}`
          : `${kind.done === undefined ? `held ${inWords(held)}` : `${kind.done} ${object}`}${others}`
      return {
        outcome: 'applied',
        reason: done,
        summary,
        changes: [{ object, part: heldName(kind.field), to: value }],
        until,
      }
    }
    case 'awaiting':
    case 'refused':
      throw new TypeError('a hold is never refused by its own bounds, and no hold asks for approval')
    case 'failed':
      return step.reason === 'NotScalable' ? { ...step, reason: 'NotHoldable' } : step
    case 'skipped':
    case 'unavailable':
    case 'changed':
    case 'unknown':
      return step
  }
}
