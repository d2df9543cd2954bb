import type { CountedObject } from '../api/record.ts'
import type { Claim } from '../api/row.ts'

/** Matches the path of an autoscaler, which has a minimum and a maximum. */
const autoscaler = /^(?:autoscaling|keda\.sh)\//

/** Matches the way of a count that says how many hold a field at a value. */
const heldValue = /^[^+]*?([^./+]+)=([^+]+)$/

/** Returns whether the count of a claim says how many hold a field at a value. */
export const isHold = (target: string): boolean => heldValue.test(target.split(' ', 2)[1] ?? '')

/** Returns whether a count that a hook calls so says how many hold a field. Names of objects have no `=`. */
export const isHoldShown = (shown: string): boolean => shown.includes('=')

/**
 * Returns how a hook calls the count of a claim: `Deployment/web`, `Cluster/east pool workers`,
 * `HorizontalPodAutoscaler/web count max` or `CronJob/report suspend=true`. Each count of an object has another name.
 */
export const shownCount = (target: string): string => {
  const [path = '', way = ''] = target.split(' ', 2)
  const [kind = '', name = ''] = path.split('/').slice(-2)
  const pool = /\[([^\]]+)\]/.exec(way)?.[1]
  if (pool !== undefined) return `${kind}/${name} pool ${pool}`
  const [, field, value] = heldValue.exec(way) ?? []
  if (field !== undefined) return `${kind}/${name} ${field}=${value}`
  const isMaximum = autoscaler.test(path) && way.startsWith('spec.max')
  return `${kind}/${name}${isMaximum ? ' count max' : ''}`
}

/** A count, as claims name it. */
export type CountName = Pick<Claim, 'target' | 'uid'>

/** The group and the version with which the name of a count begins. */
const versionIn = /^([^/ ]*)\/[^/ ]+\//

/** Returns the name of a count without further members that its writes set, and without the version of its kind. */
export const fieldIn = (target: string): string => (target.split('+', 1)[0] ?? target).replace(versionIn, '$1/')

/** Returns whether two names are of one count. All versions of a kind show one object. */
export const isSameCount = (one: CountName, other: CountName): boolean =>
  one.uid === other.uid && fieldIn(one.target) === fieldIn(other.target)

/**
 * Returns a count with the version of its kind that another name of it has, which is the one written last. The former
 * may no longer be served when a lease ends.
 */
export const withVersionOf = ({ target, uid }: CountedObject, { target: newest }: CountName): CountedObject => {
  const [version] = versionIn.exec(newest) ?? []
  return { target: version === undefined ? target : target.replace(versionIn, () => version), uid }
}
