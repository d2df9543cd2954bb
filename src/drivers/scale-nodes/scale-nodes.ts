import { at } from '../../api/json.ts'
import type { Problem } from '../../api/conditions.ts'
import type { StoredObject } from '../../api/object.ts'
import { apiVersionOf, type ResourceType } from '../../kube/paths.ts'
import type { Target } from '../../steps/target/target.ts'
import { targetProblem } from '../../steps/target/read.ts'
import { holdsPools, poolCount, poolKinds, poolsInside, type Order } from '../../steps/target/pools.ts'
import { countNeeds, counting, movementInWords, worstInWords, type CountChange } from '../counted/counted.ts'
import { lookAtCount } from '../counted/look.ts'
import type { Bound, Driver, TargetKind, TargetPart } from '../driver.ts'
import { scaleNodesRights } from './scale-nodes-rights.ts'
import { scaleNodesDeclaration, type ScaleNodes, type scaleNodesSchema } from './schema.ts'

const replicas: NonNullable<TargetKind['replicas']> = object => {
  const wanted = at(object, 'spec', 'replicas') ?? 1
  const ready = at(object, 'status', 'readyReplicas') ?? 0
  return typeof wanted === 'number' && typeof ready === 'number' ? { wanted, ready } : undefined
}

const partsOf = (type: ResourceType, object: StoredObject): readonly TargetPart[] =>
  poolsInside(type, object).map(({ name, ...count }) => ({ more: { pool: name }, ...count }))

/** Adds nodes to a pool in the hook's namespace or removes them, by a step within bounds. */
export const scaleNodes = {
  ...scaleNodesDeclaration,
  targets: poolKinds.map((type): TargetKind =>
    holdsPools(type) ? { type, parts: object => partsOf(type, object) } : { type, replicas },
  ),
  rights: scaleNodesRights,

  target: ({ target }) => `${target.kind}/${target.name}${target.pool === undefined ? '' : ` pool ${target.pool}`}`,

  object: ({ target }) => ({ type: typeOf(target), name: target.name }),

  describe: member => `scale ${movementInWords(member)}`,

  worst: worstInWords,

  async validate(member, reading): Promise<Problem | undefined> {
    const { at: count, name, type } = targetOf(member, reading.namespace)
    const object = await reading.getWhole(type, name)
    if (!object) {
      const message = `there is no ${type.kind}/${name} in namespace ${reading.namespace}`
      return { reason: 'TargetNotFound', message, lasts: 'reconciling' }
    }
    const problem = targetProblem({ ...object, kind: type.kind }) ?? count.problem(object)
    if (problem) return { ...problem, lasts: mayPass.has(problem.reason) ? 'reconciling' : 'stalled' }
    if (count.read(object) !== undefined) return undefined
    const message = `${type.kind}/${name} has no count in ${count.field}: set one`
    return { reason: 'NotScalable', message, lasts: 'stalled' }
  },

  needs: member => countNeeds(targetOf(member, '')),

  execute: member => onPool(member, counting(member, 'Stepped')),

  look: (member, looking) => lookAtCount(targetOf(member, looking.namespace), looking),

  /** An undo does not set the order of removal, which stays as the hook's step set it. */
  undo: member => onPool({ ...member, removeFirst: undefined }, counting(member, 'Undone')),
} satisfies Driver<'scaleNodes', typeof scaleNodesSchema>

const mayPass = new Set(['TargetBeingDeleted', 'PoolNotFound'])

const typeOf = ({ apiVersion, kind }: ScaleNodes['target']): ResourceType => {
  const type = poolKinds.find(each => each.kind === kind && apiVersionOf(each) === apiVersion)
  if (!type) throw new TypeError(`not a valid spec.scaleNodes.target: ${apiVersion} ${kind}`)
  return type
}

const orders: Readonly<Record<NonNullable<ScaleNodes['removeFirst']>, Order>> = { newest: 'Newest', oldest: 'Oldest' }

/** A pool, and which of its nodes are removed first. */
type Pool = Pick<ScaleNodes, 'target'> & { readonly removeFirst?: ScaleNodes['removeFirst'] | undefined }

/** Returns the function that changes the count of the pool for one delivery. */
const onPool =
  (pool: Pool, change: CountChange): Bound['execute'] =>
  (_delivery, execution) =>
    change(targetOf(pool, execution.hook.namespace), execution)

const targetOf = ({ removeFirst, target }: Pool, namespace: string): Target => {
  const type = typeOf(target)
  const order = removeFirst === undefined ? undefined : orders[removeFirst]
  return { type, namespace, name: target.name, at: poolCount(type, target.pool, order) }
}
