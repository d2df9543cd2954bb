/** Matches the path of an autoscaler, which has a minimum and a maximum. */
const autoscaler = /^(?:autoscaling|keda\.sh)\//

/** Matches the way of a count that says how many hold a field at a value. */
const heldValue = /^[^+]*?([^./+]+)=([^+]+)$/

/** Returns whether the count of a claim says how many hold a field at a value. */
export const isHold = (target: string): boolean => heldValue.test(target.split(' ', 2)[1] ?? '')

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
