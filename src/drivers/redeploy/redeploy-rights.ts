import type { Kept, DriverRights } from '../driver-rights.ts'
import { workloadKinds, type Workloads } from '../rollouts/kinds.ts'
import { annotationPrefix } from '../rollouts/plan.ts'
import { authorOf, rolloutPods } from '../rollouts/rollout-rights.ts'
import { workloadKindNames } from '../rollouts/schema.ts'
import { nowAndBefore, sameAround, sameBut, type Both } from '../unchanged.ts'

/**
 * Returns the CEL expression for an image without tag and digest. A colon before a slash belongs to
 * a port, not to a tag.
 */
const repositoryOf = (image: string): string => `${image}.find('^([^/@]*/)*[^/@:]*')`

/**
 * Returns the CEL rule for the list of containers in `member`. Their number, names and order stay.
 * Of a container only the image's tag and digest may change, and the pull policy to `Always`.
 */
const sameContainers = ([now, before]: Both, member: string): string => {
  const of = (spec: string): string => `(has(${spec}.${member}) ? ${spec}.${member} : [])`
  const container: Both = ['c', 'd']
  return (
    `${of(now)}.map(c, c.name) == ${of(before)}.map(d, d.name) && ` +
    `${of(now)}.all(c, ${of(before)}.exists(d, d.name == c.name && ${sameBut(container, ['image', 'imagePullPolicy'])} && ` +
    `${repositoryOf('c.image')} == ${repositoryOf('d.image')} && ` +
    `(c.imagePullPolicy == d.imagePullPolicy || c.imagePullPolicy == 'Always')))`
  )
}

/**
 * Returns the rule for a kind: a write may change only tags and digests of the containers' images,
 * their pull policies to `Always`, and the annotations of rollouts.
 */
const keptOf = ({ template, type: { group, resource } }: Workloads): Kept => {
  const pods = nowAndBefore([...template, 'spec'])
  const rules = [
    ...sameAround(template, ['metadata', 'spec'], annotationPrefix),
    sameBut(pods, ['containers', 'initContainers']),
    ...['containers', 'initContainers'].map(member => sameContainers(pods, member)),
  ]
  return {
    group,
    resource,
    only: "the tag or digest of an image that a container runs, its pull policy, and the product's own annotations",
    holds: rules.map(rule => `(${rule})`).join(' &&\n'),
  }
}

/** The driver's rights. None is granted by default. */
export const redeployRights: DriverRights = {
  given: 'where bound',
  trigger: workloadKinds.map(({ type: { group, resource } }) => ({
    group,
    resource,
    verbs: ['get', 'list', 'patch'],
    why: 'to see which images run, and to set the one that was pushed',
  })),
  author: authorOf(workloadKindNames, 'roll out'),
  keeps: workloadKinds.map(keptOf),
  extras: [rolloutPods],
}
