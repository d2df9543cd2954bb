import type { ResourceType } from '../../kube/paths.ts'
import {
  clusters,
  machineDeployments,
  machinePools,
  machineSets,
  poolKinds,
  rancherClusters,
} from '../../steps/target/pools.ts'
import { pluralInCel } from '../../kube/plural.ts'
import { keptByRules, onlyCount } from '../counted/kept.ts'
import type { Asked, Cel, Kept, DriverRights } from '../driver-rights.ts'
import { nowAndBefore, sameBut, type Both } from '../unchanged.ts'

/**
 * Returns the rule that a write may change only a pool's count, and the order in which machines are
 * removed.
 */
const onlyCountAndOrder = (type: ResourceType): Kept => {
  const deletion = nowAndBefore(['spec', 'deletion'])
  const orNone = ([now, before]: Both): Both => [`(has(${now}) ? ${now} : {})`, `(has(${before}) ? ${before} : {})`]
  return keptByRules(type, 'spec.replicas, spec.deletion.order', [
    sameBut(nowAndBefore(['spec']), ['replicas', 'deletion']),
    sameBut(orNone(deletion), ['order']),
  ])
}

/**
 * Returns the rule that a write may change only the count of pools in a list. `member` is the name
 * of the count. `isOpen` is CEL on a pool before the write, `d`: whether its count may change.
 */
const onlyCountIn = (type: ResourceType, list: readonly string[], member: string, isOpen: Cel): Kept => {
  const [now, before] = nowAndBefore(list)
  const way = list
    .slice(0, -1)
    .map((_, depth) => sameBut(nowAndBefore(list.slice(0, depth + 1)), [list[depth + 1] ?? '']))
  return keptByRules(type, `${list.join('.')}[].${member}`, [
    ...way,
    `${now}.map(c, c.name) == ${before}.map(d, d.name)`,
    `${now}.all(c, ${before}.exists(d, d.name == c.name && (c == d || ${sameBut(['c', 'd'], [member])} && ${isOpen})))`,
  ])
}

const isWorkers = '!(has(d.etcdRole) && d.etcdRole) && !(has(d.controlPlaneRole) && d.controlPlaneRole)'

const groupOf: Cel = "self.target.apiVersion.split('/')[0]"
const onObject: Cel = "self.target.kind == 'Cluster' || has(self.removeFirst)"

const asked = (part: Pick<Asked, 'when' | 'right' | 'why'> & { readonly subresource?: string }): Asked => ({
  group: groupOf,
  resource: pluralInCel('self.target.kind'),
  name: 'self.target.name',
  verb: 'patch',
  does: "'change the nodes of ' + self.target.kind + '/' + self.target.name",
  ...part,
})

/** The driver's rights. None is granted by default. */
export const scaleNodesRights: DriverRights = {
  given: 'where bound',
  trigger: poolKinds.map(type => ({
    group: type.group,
    resource: type.resource,
    verbs: ['get', 'list', 'watch', 'patch'],
    why: 'to read and to write the count of a pool',
  })),
  author: [
    asked({
      when: `!(${onObject})`,
      subresource: 'scale',
      right: '`patch` on the `/scale` of the pool, as in `machinedeployments/scale`',
      why: 'the hook scales its pool',
    }),
    asked({
      when: onObject,
      right: '`patch` on the target, if that is a Cluster, or `removeFirst` is set',
      why: "`/scale` can't do this, so the hook changes the target itself",
    }),
  ],
  keeps: [
    onlyCountAndOrder(machineDeployments),
    onlyCountAndOrder(machineSets),
    onlyCount(machinePools, ['spec', 'replicas']),
    onlyCountIn(clusters, ['spec', 'topology', 'workers', 'machineDeployments'], 'replicas', 'true'),
    onlyCountIn(rancherClusters, ['spec', 'rkeConfig', 'machinePools'], 'quantity', isWorkers),
  ],
}
