import type { Act, Progress, Worked } from '../../acts/acts.ts'
import type { Problem } from '../../api/conditions.ts'
import type { Delivery } from '../../api/delivery.ts'
import { parseRepository } from '../../api/image.ts'
import type { StoredObject } from '../../api/object.ts'
import type { Outcome } from '../../api/outcome.ts'
import { Unreachable } from '../../environment/unreachable.ts'
import { ApiError, TooLarge } from '../../kube/errors.ts'
import type { Driver, Execution } from '../driver.ts'
import { redeployTargets, workloadKind, workloadKinds, type Workloads } from './kinds.ts'
import { rolloutOutcome, type Rollout } from './outcome.ts'
import { planImages, planRestart, type RolloutPlan } from './plan.ts'
import { redeployRights } from './rights.ts'
import { redeployDeclaration, type Redeploy, type redeploySchema } from './schema.ts'
import { tagRule } from './tags.ts'
import { wantedBy } from './wanted.ts'
import { findWorkloads, missing, workloadProblem } from './workloads.ts'
import { rollOut, tooLarge } from './write.ts'

/** How many workloads are written at once. */
const atOnce = 16

/** Rolls out what runs an image that was pushed, each workload once for each push. */
export const redeploy = {
  ...redeployDeclaration,
  targets: redeployTargets,
  rights: redeployRights,

  object: ({ target }) => {
    const workloads = target && workloadKind(target.kind)
    return workloads && { type: workloads.type, name: target.name }
  },

  target: ({ selector, target }) =>
    target ? `${target.kind}/${target.name}` : `workloads ${labelsOf(selector)}`.trim(),

  describe: member => `roll out ${member.image ?? 'whatever was pushed'}${tagsOf(member)}`,

  async validate(member, reading): Promise<Problem | undefined> {
    if (member.tags && !tagRule(member.tags)) return { ...invalidTags(member), lasts: 'stalled' }
    const { target } = member
    const workloads = target && workloadKind(target.kind)
    if (!workloads) return undefined
    const object = await reading.get(workloads.type, target.name)
    const problem = object ? workloadProblem(object, workloads) : missing(target, reading.namespace)
    return problem && { ...problem, lasts: problem.reason === 'OwnedByController' ? 'stalled' : 'reconciling' }
  },

  needs: ({ kinds, target }) =>
    workloadKinds
      .filter(({ type }) => (target ? target.kind === type.kind : (kinds?.includes(type.kind) ?? true)))
      .map(({ type }) =>
        target ? { type, name: target.name, verbs: ['get', 'patch'] } : { type, verbs: ['get', 'list', 'patch'] },
      ),

  async execute(member, delivery, execution): Promise<Outcome> {
    const { acts, clock } = execution
    if (delivery.unreadable !== undefined) {
      return { outcome: 'unreadable', reason: 'PushUnreadable', message: delivery.unreadable }
    }
    if (member.tags && !tagRule(member.tags)) return { outcome: 'failed', ...invalidTags(member) }
    // Which pushes are wanted does not depend on the act.
    const wants = wantedBy(member, delivery.pushes ?? [], { id: '', at: 0 }, clock.now())
    const isRestart = !delivery.pushes && member.withoutImage === 'restart'
    if (!isRestart && !wants?.pushes.length) return notWanted(delivery)
    return await acts.once((act, mayContinue, progress) =>
      rollOutAll(member, planner(member, delivery, act, clock.now()), execution, { mayContinue, progress }),
    )
  },
} satisfies Driver<'redeploy', typeof redeploySchema>

const labelsOf = (selector: Redeploy['selector']): string =>
  Object.entries(selector?.matchLabels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',')

const tagsOf = ({ tags }: Redeploy): string => {
  if (tags?.exact) return `, tagged ${tags.exact.join(' or ')}`
  if (tags?.glob !== undefined) return `, tagged ${tags.glob}`
  return tags?.semver === undefined ? ', with the tag that runs' : `, of a version in ${tags.semver}`
}

const invalidTags = ({ tags }: Redeploy) => ({
  reason: 'InvalidTags' as const,
  message: `spec.redeploy.tags.semver: ${tags?.semver} is no range of versions`,
})

const notWanted = ({ pushes }: Delivery): Outcome => {
  const named = pushes?.map(({ host, path, tag }) => `${host === undefined ? '' : `${host}/`}${path}:${tag}`).join(', ')
  const message = named ? `the hook does not want ${named}` : 'the message names no image, and withoutImage is skip'
  return { outcome: 'skipped', reason: 'NotForThisHook', message }
}

/** Plans a workload for the pushes of a delivery, or its restart where it brings none. */
const planner = (member: Redeploy, delivery: Delivery, act: Act, now: number): Planner => {
  if (!delivery.pushes) {
    const cause = { id: act.id, at: Math.min(act.at, now) }
    return { what: undefined, plan: (object, workloads) => planRestart(object, workloads, cause) }
  }
  const wanted = wantedBy(member, delivery.pushes, act, now)
  const [first, ...others] = wanted?.pushes ?? []
  const named = first && others.length === 0 ? `${nameOf(member, first.path)}:${first.tag}` : 'what was pushed'
  return {
    what: named,
    plan: (object, workloads) => planImages(object, workloads, container => wanted?.chosenFor(container), member.pin),
  }
}

interface Planner {
  /** What is rolled out, for people; undefined for a restart. */
  readonly what: string | undefined
  readonly plan: (object: StoredObject, workloads: Workloads) => RolloutPlan
}

const nameOf = ({ image }: Redeploy, path: string): string =>
  image !== undefined && parseRepository(image) ? image : path.replace(/^library\//, '')

/** Rolls out all that the hook acts on, some at a time. */
const rollOutAll = async (
  member: Redeploy,
  { plan, what }: Planner,
  { api, charge, clock, hook: { namespace } }: Execution,
  { mayContinue, progress }: { readonly mayContinue: () => boolean; readonly progress: Progress },
): Promise<Worked> => {
  try {
    const found = await findWorkloads(api, namespace, member)
    if ('reason' in found) return { worked: 'failed', outcome: { outcome: 'failed', ...found } }
    const rollouts: Rollout[] = found.large.map(name => ({ name, rolled: tooLarge }))
    const waiting = [...found.found]
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { workloads } = next
        const rolled = mayContinue()
          ? await rollOut(next, object => plan(object, workloads), { api, charge, clock, namespace, mayContinue })
          : ({ rolled: 'left' } as const)
        rollouts.push({ name: `${workloads.type.kind}/${next.object.metadata.name}`, rolled })
        progress(`${rollouts.length} of ${found.found.length + found.large.length} workloads are done`)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return rolloutOutcome(rollouts, what)
  } catch (error) {
    return failureOf(error)
  }
}

/** The workloads could not be read. */
const failureOf = (error: unknown): Worked => {
  if (error instanceof ApiError && error.status === 403) {
    return { worked: 'failed', outcome: { outcome: 'failed', reason: 'Forbidden', message: error.message } }
  }
  if (error instanceof TooLarge) {
    return { worked: 'failed', outcome: { outcome: 'failed', reason: 'TooLarge', message: error.message } }
  }
  if (error instanceof ApiError || error instanceof Unreachable) {
    return {
      worked: 'unfinished',
      outcome: { outcome: 'unavailable', reason: 'ApiUnreachable', message: error.message },
    }
  }
  throw error
}
