import type { Kept, DriverRights } from '../rights.ts'
import { workloadKinds, type Workloads } from '../rollouts/kinds.ts'
import { annotationPrefix } from '../rollouts/plan.ts'
import { authorOf } from '../rollouts/rights.ts'
import { workloadKindNames } from '../rollouts/schema.ts'
import { both, sameAround, sameBut, type Both } from '../unchanged.ts'

/** The part of an image before its tag and digest. A port has a slash behind it, a tag has none. */
const repositoryOf = (image: string): string => `${image}.find('^([^/@]*/)*[^/@:]*')`

/** The same containers in the same order, with the same images but for tag and digest. */
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

/** Only tags, digests and pull policies of images that containers run already, and this driver's annotations. */
const keptOf = ({ template, type: { group, resource } }: Workloads): Kept => {
  const pods = both([...template, 'spec'])
  const rules = [
    ...sameAround(template, ['metadata', 'spec'], annotationPrefix),
    sameBut(pods, ['containers', 'initContainers']),
    ...['containers', 'initContainers'].map(member => sameContainers(pods, member)),
  ]
  return {
    group,
    resource,
    only: 'the tag or digest of an image that a container runs, its pull policy, and annotations of its own',
    holds: rules.map(rule => `(${rule})`).join(' &&\n'),
  }
}

/** The rights of the driver: none of them is given by default. */
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
}
