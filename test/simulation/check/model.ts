import { checkedMilliseconds } from '../../../src/api/duration.ts'
import { at, stringAt } from '../../../src/api/json.ts'
import { parseTime } from '../../../src/environment/time.ts'
import type { Post } from '../happened.ts'
import { filter } from '../world/expressions.ts'
import type { HookVersion, Timeline } from './timeline.ts'

/**
 * What a hook's spec makes of a count, as the resource's description says: written down a second time, and apart from
 * the product. `rejected` where `overshoot` is reject and the step would pass the bound.
 */
export const stepOf = ({ object }: HookVersion, count: number): number | 'rejected' => {
  const scale = at(object, 'spec', 'scale')
  const by = at(scale, 'by')
  const size = typeof by === 'number' ? by : Math.max(1, Math.ceil((count * Number.parseInt(String(by), 10)) / 100))
  const up = at(scale, 'action') === 'up'
  const bound = Number(at(scale, up ? 'max' : 'min'))
  if (up ? count >= bound : count <= bound) return count
  const wanted = up ? count + size : count - size
  if (up ? wanted <= bound : wanted >= bound) return wanted
  return at(scale, 'overshoot') === 'reject' ? 'rejected' : bound
}

/** Where taking back `delta` leads from a count, by a hook's bounds: it stops at the one that it moves towards. */
export const takenBack = ({ object }: HookVersion, count: number, delta: number): number => {
  const scale = at(object, 'spec', 'scale')
  const [min, max] = [Number(at(scale, 'min')), Number(at(scale, 'max'))]
  if (delta > 0) return count <= min ? count : Math.max(count - delta, min)
  return count >= max ? count : Math.min(count - delta, max)
}

export const onResolved = ({ object }: HookVersion): string => String(at(object, 'spec', 'onResolved'))

/** What a hook's `when` makes of a post. */
export const filtered = ({ object }: HookVersion, post: Post) => filter(stringAt(object, 'spec', 'when'), post)

/** How long two deliveries that look alike are one, in milliseconds. */
export const dedupeWindowOf = ({ object }: HookVersion): number =>
  checkedMilliseconds(stringAt(object, 'spec', 'dedupeWindow') ?? '40s')

/** How long a signed body counts once, under any name, in milliseconds. */
export const replayWindowOf = ({ object }: HookVersion): number =>
  checkedMilliseconds(stringAt(object, 'spec', 'auth', 'hmac', 'replayWindow') ?? '0s')

/** Whether the API server has forgotten its history, so that the outcome of a write may be unknown to everybody. */
export const hasForgotten = ({ happened }: Timeline): boolean =>
  happened.some(entry => entry.what === 'world' && entry.did.includes('forgets'))

/** Whether a policy of the cluster was against some counts between two places. */
export const wasRefusing = ({ happened }: Timeline, from: number, to: number): boolean => {
  let inForce = 0
  for (const [place, entry] of happened.entries()) {
    if (place > to) break
    if (entry.what !== 'world') continue
    if (entry.did.startsWith('a policy refuses')) inForce += 1
    if (entry.did === 'the policy is taken back') inForce -= 1
    if (place >= from && inForce > 0) return true
    // It was against them until then.
    if (place >= from && entry.did === 'the policy is taken back') return true
  }
  return inForce > 0
}

export const stoodStill = ({ happened }: Timeline, process: string): boolean =>
  happened.some(entry => entry.what === 'world' && entry.did.startsWith(`${process} stands still`))

/** The least time between two executions, in milliseconds. */
export const cooldownOf = ({ object }: HookVersion): number =>
  checkedMilliseconds(stringAt(object, 'spec', 'cooldown') ?? '0s')

export const hasCooldown = (version: HookVersion): boolean => cooldownOf(version) > 0

/** How long a step lasts, in milliseconds; 0 if it is for good. */
export const forOf = ({ object }: HookVersion): number => checkedMilliseconds(stringAt(object, 'spec', 'for') ?? '0s')

/** How often, and how far up and down, a hook may act within a time in milliseconds. */
export interface LimitOf {
  readonly most?: number
  readonly by?: number
  readonly withinMs: number
}

export const limitsIn = ({ object }: HookVersion): readonly LimitOf[] => {
  const limits: unknown = at(object, 'spec', 'limits')
  return (Array.isArray(limits) ? limits : []).map((limit: unknown) => {
    const [most, by] = [at(limit, 'most'), at(limit, 'by')]
    return {
      ...(typeof most === 'number' && { most }),
      ...(typeof by === 'number' && { by }),
      withinMs: checkedMilliseconds(stringAt(limit, 'within') ?? '0s'),
    }
  })
}

export const hasLimits = (version: HookVersion): boolean => limitsIn(version).length > 0

export const targetOf = ({ object }: HookVersion): string => String(at(object, 'spec', 'scale', 'target', 'name'))

/** Whether a hook is there and lets deliveries through, for a token of this uid. */
export const isOn = (version: HookVersion, uid: string): boolean =>
  isThere(version, uid) && at(version.object, 'spec', 'suspend') !== true

export const isThere = ({ deleted, uid }: HookVersion, wanted: string): boolean => !deleted && uid === wanted

/** Whether a hook accepts a token of a rotation, at the moment `wall` of the process that asks. */
export const accepts = ({ object }: HookVersion, rotation: number, wall: number): boolean => {
  const token = at(object, 'spec', 'token')
  const wanted = Number(at(token, 'rotation'))
  const minted = at(object, 'status', 'minted')
  if (rotation === wanted) return true
  if (rotation > wanted || at(token, 'overlap') === '0s' || minted === undefined) return false
  if (at(minted, 'rotation') === rotation) return true
  const previous = at(minted, 'previous')
  return at(previous, 'rotation') === rotation && wall < parseTime(String(at(previous, 'acceptedUntil')))
}

/** Whether a step that takes back may lead from one count to another: it stays within the bound that it moves towards. */
export const mayTakeBack = ({ object }: HookVersion, from: number, to: number): boolean => {
  const scale = at(object, 'spec', 'scale')
  return to < from ? to >= Number(at(scale, 'min')) : to <= Number(at(scale, 'max'))
}
