import type { Act } from '../../acts/acts.ts'
import type { Problem } from '../../api/conditions.ts'
import type { Delivery, Push } from '../../api/delivery.ts'
import { parseRepository } from '../../api/image.ts'
import type { Outcome } from '../../api/outcome.ts'
import type { Driver } from '../driver.ts'
import { workloadTargets } from '../rollouts/kinds.ts'
import { lookAtWorkloads } from '../rollouts/look.ts'
import { planRestart, restartCause } from '../rollouts/plan.ts'
import { objectOf, reachInWords, reachNeeds, reachProblem } from '../rollouts/reach.ts'
import { rollOutAll, type Planner } from '../rollouts/roll-out.ts'
import { workloadKindNames } from '../rollouts/schema.ts'
import { planImages } from './images.ts'
import { redeployRights } from './redeploy-rights.ts'
import { redeployDeclaration, type Redeploy, type redeploySchema } from './schema.ts'
import { tagRule } from './tags.ts'
import { wantedBy } from './wanted.ts'

/**
 * Rolls out the workloads that run a pushed image, once for each push. A delivery without an image
 * restarts them if `withoutImage` says so.
 */
export const redeploy = {
  ...redeployDeclaration,
  targets: workloadTargets,
  rights: redeployRights,

  object: objectOf,

  target: reachInWords,

  describe: member => `roll out ${member.image ?? 'any pushed image'}${tagsOf(member)}`,

  worst: (member, target) =>
    `roll out ${member.image ?? 'an image that already runs'}${tagsOf(member)}, in ${target}${member.withoutImage === 'restart' ? ', and restart what runs there' : ''}`,

  async validate(member, reading): Promise<Problem | undefined> {
    if (member.tags && !tagRule(member.tags)) return { ...invalidTags(member), lasts: 'stalled' }
    return await reachProblem(member, reading)
  },

  needs: member => reachNeeds(member, workloadKindNames),

  look: lookAtWorkloads,

  execute: member => async (delivery, execution) => {
    const { acts, clock } = execution
    if (delivery.unreadable !== undefined) {
      return { outcome: 'unreadable', reason: 'PushUnreadable', message: delivery.unreadable }
    }
    if (member.tags && !tagRule(member.tags)) return { outcome: 'failed', ...invalidTags(member) }
    // Whether a push is wanted does not depend on the act, so any act serves here.
    const wants = wantedBy(member, delivery.pushes ?? [], { id: '', at: 0 }, clock.now())
    const isRestart = !delivery.pushes && member.withoutImage === 'restart'
    if (!isRestart && !wants?.pushes.length) {
      const outcome = notWanted(delivery)
      // Without a body, the post may ask for the outcome of its key.
      const mayAsk = delivery.identity !== undefined && execution.post.body.length === 0
      if (!mayAsk) return outcome
      return await acts.once(() => Promise.resolve({ worked: 'failed', outcome }), { asks: true })
    }
    return await acts.once((act, mayContinue, progress) =>
      rollOutAll(member, planner(member, delivery, act, clock.now()), execution, {
        isNamed: delivery.identity !== undefined,
        mayContinue,
        progress,
      }),
    )
  },
} satisfies Driver<'redeploy', typeof redeploySchema>

const tagsOf = ({ tags }: Redeploy): string => {
  if (tags?.exact) return `, tagged ${tags.exact.join(' or ')}`
  if (tags?.glob !== undefined) return `, tagged ${tags.glob}`
  return tags?.semver === undefined ? ', with the tag that already runs' : `, in a version within ${tags.semver}`
}

const invalidTags = ({ tags }: Redeploy) => ({
  reason: 'InvalidTags' as const,
  message: `spec.redeploy.tags.semver: ${tags?.semver} is not a version range`,
})

const notWanted = ({ pushes }: Delivery): Outcome => {
  const named = pushes && namesOf(pushes)
  const message = named ? `the hook does not accept ${named}` : 'the message names no image, and withoutImage is skip'
  return { outcome: 'skipped', reason: 'NotForThisHook', message }
}

/** How many pushes the message of an answer names at most. */
const maxNamed = 3

const namesOf = (pushes: readonly Push[]): string => {
  const named = pushes
    .slice(0, maxNamed)
    .map(({ host, path, tag }) => `${host === undefined ? '' : `${host}/`}${path}:${tag}`)
    .join(', ')
  const others = pushes.length - maxNamed
  return others > 0 ? `${named} and ${others} ${others === 1 ? 'other' : 'others'}` : named
}

/**
 * Returns the planner for the pushes of a delivery. If the delivery reports no pushes, it plans a
 * restart.
 */
const planner = (member: Redeploy, delivery: Delivery, act: Act, now: number): Planner => {
  if (!delivery.pushes) {
    const cause = restartCause(act, now)
    return { what: undefined, plan: (object, workloads, unsure) => planRestart(object, workloads, cause, unsure) }
  }
  const wanted = wantedBy(member, delivery.pushes, act, now)
  const [first, ...others] = wanted?.pushes ?? []
  const named = first && others.length === 0 ? `${nameOf(member, first.path)}:${first.tag}` : 'what was pushed'
  return {
    what: named,
    plan: (object, workloads) => planImages(object, workloads, container => wanted?.chosenFor(container), member.pin),
  }
}

const nameOf = ({ image }: Redeploy, path: string): string =>
  image !== undefined && parseRepository(image) ? image : path.replace(/^library\//, '')
