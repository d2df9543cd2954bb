/** Matches the path of an autoscaler, which has a minimum and a maximum. */
const autoscaler = /^(?:autoscaling|keda\.sh)\//

/**
 * Returns how a hook calls the count of a claim: `Deployment/web`, `Cluster/east pool workers` or
 * `HorizontalPodAutoscaler/web count max`. Each count of an object has another name.
 */
export const shownCount = (target: string): string => {
  const [path = '', way = ''] = target.split(' ', 2)
  const [kind = '', name = ''] = path.split('/').slice(-2)
  const pool = /\[([^\]]+)\]/.exec(way)?.[1]
  if (pool !== undefined) return `${kind}/${name} pool ${pool}`
  const isMaximum = autoscaler.test(path) && way.startsWith('spec.max')
  return `${kind}/${name}${isMaximum ? ' count max' : ''}`
}
