import type { Problem } from '../../api/conditions.ts'
import type { Outcome } from '../../api/outcome.ts'
import { moveWithin, parseAmount, takeBackWithin } from '../../steps/arithmetic.ts'
import { obstacleOf } from '../../steps/owner.ts'
import type { Plan, Step, Target } from '../../steps/steps.ts'
import type { Driver, Right } from '../driver.ts'
import { scalableKind, scalableKinds, scalableKindsInWords } from './kinds.ts'
import { scaleSchema, type Scale } from './schema.ts'

/** Scales a workload of the hook's namespace up or down by a step within bounds. */
export const scale: Driver<'scale', typeof scaleSchema> = {
  name: 'scale',
  schema: scaleSchema,
  rights: {
    trigger: scalableKinds.flatMap(({ group, resource }): Right[] => [
      { group, resource, verbs: ['get', 'list'], why: 'to read the present count, and who controls the object' },
      { group, resource: `${resource}/scale`, verbs: ['patch'], why: 'to write the new count' },
    ]),
    author: scalableKinds.map(({ group, resource }) => ({
      group,
      resource: `${resource}/scale`,
      verbs: ['patch'],
      why: 'who makes a hook must be allowed to scale its target',
    })),
  },

  target: ({ target }) => `${target.kind}/${target.name}`,

  async validate({ target }, reading): Promise<Problem | undefined> {
    const type = scalableKind(target.apiVersion, target.kind)
    if (!type) return { reason: 'NotScalable', message: notScalable(target), lasts: 'stalled' }
    const object = await reading.get(type, target.name)
    if (!object) {
      const message = `there is no ${type.kind}/${target.name} in namespace ${reading.namespace}`
      return { reason: 'TargetNotFound', message, lasts: 'reconciling' }
    }
    const obstacle = obstacleOf({ ...object, kind: type.kind })
    if (obstacle) return { ...obstacle, lasts: obstacle.reason === 'OwnedByController' ? 'stalled' : 'reconciling' }
    const autoscaler = await reading.autoscalerOf(type, target.name)
    if (autoscaler === undefined) return undefined
    const message = `${autoscaler} sets the count of ${type.kind}/${target.name} and would undo each step`
    return { reason: 'ManagedByAutoscaler', message, lasts: 'stalled' }
  },

  async execute(member, _delivery, { namespace, steps }): Promise<Outcome> {
    const target = targetOf(member, namespace)
    return target ? outcomeOf(await steps.change(target, planOf(member)), member, 'Stepped') : unscalable(member)
  },

  async undo(member, _delivery, { namespace, steps }): Promise<Outcome> {
    const target = targetOf(member, namespace)
    return target ? outcomeOf(await steps.undo(target, takeBackWithin(member)), member, 'Undone') : unscalable(member)
  },
}

const targetOf = ({ target: { apiVersion, kind, name } }: Scale, namespace: string): Target | undefined => {
  const type = scalableKind(apiVersion, kind)
  return type && { type, namespace, name }
}

const unscalable = ({ target }: Scale): Outcome => ({
  outcome: 'failed',
  reason: 'NotScalable',
  message: notScalable(target),
})

const planOf = ({ action, by, max, min, overshoot }: Scale): Plan => {
  const amount = parseAmount(by)
  if (!amount) throw new TypeError(`spec.scale.by was accepted and is no step: ${by}`)
  return moveWithin({ action, by: amount, min, max, overshoot })
}

const notScalable = ({ apiVersion, kind }: Scale['target']): string =>
  `cannot scale a ${apiVersion} ${kind}: use one of ${scalableKindsInWords}`

const outcomeOf = (step: Step, { action, by, max, min }: Scale, changed: 'Stepped' | 'Undone'): Outcome => {
  switch (step.step) {
    case 'done': {
      const { from, to } = step
      return from === to
        ? { outcome: 'unchanged', reason: 'AtBound', from, to }
        : { outcome: 'applied', reason: changed, from, to }
    }
    case 'skipped':
      return { outcome: 'skipped', reason: step.reason, message: step.message }
    case 'refused': {
      const bound = action === 'up' ? `above max ${max}` : `below min ${min}`
      const message = `a step ${action} by ${by} from ${step.from} would end ${bound}`
      return { outcome: 'rejected', reason: 'WouldPassBound', message, from: step.from }
    }
    case 'failed':
      return { outcome: 'failed', reason: step.reason, message: step.message }
    case 'unavailable':
      return { outcome: 'unavailable', reason: step.reason, message: step.message }
    case 'unknown':
      return { outcome: 'unknown' }
  }
}
