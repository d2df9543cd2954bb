import { at } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { markOfPush, type Mark } from '../rollouts/evidence.ts'
import { containersIn, type Container, type Workloads } from '../rollouts/kinds.ts'
import {
  annotationPrefix,
  workloadName,
  knownPushes,
  patchOf,
  type Edit,
  type Left,
  type RolloutPlan,
} from '../rollouts/plan.ts'
import { rolledBackAt } from '../rollouts/rollback.ts'
import type { Chosen } from './wanted.ts'

/**
 * Plans the images of a workload's containers. `chosen` returns the push that a container should
 * run, or undefined if it should stay as it is. `pin` says whether a digest is written after the
 * tag.
 */
export const planImages = (
  object: StoredObject,
  workloads: Workloads,
  chosen: (container: Container) => Chosen | undefined,
  pin: 'tag' | 'digest',
): RolloutPlan => {
  const planned = containersIn(object, workloads).flatMap(container => {
    const choice = chosen(container)
    return choice ? [planContainer(object, workloads, container, choice, pin)] : []
  })
  const edits = planned.filter(isEdit)
  return {
    patch: patchOf(object, workloads, edits),
    marks: new Set(planned.flatMap(plan => plan.mark ?? [])),
    changes: edits.map(({ from, name, to }) => ({ object: workloadName(object, workloads), part: name, from, to })),
    left: new Set(planned.flatMap(plan => (isEdit(plan) ? [] : [plan.left]))),
  }
}

/** The plan for a container that is left as it is. */
interface Kept {
  readonly left: Left
  readonly mark?: Mark | undefined
}

type Planned = (Edit & { readonly mark: Mark }) | Kept

const isEdit = (plan: Planned): plan is Edit & { readonly mark: Mark } => !('left' in plan)

const planContainer = (
  object: StoredObject,
  workloads: Workloads,
  container: Container,
  { isLower, push, runs }: Chosen,
  pin: 'tag' | 'digest',
): Planned => {
  const { image, imagePullPolicy, name, pointer } = container
  const known = knownPushes(object, name)
  const pinned = pin === 'digest' && push.digest !== undefined
  const markOf = (id: string): Mark => markOfPush(id, push.tag, pinned ? push.digest : undefined)
  const mark = markOf(push.id)
  if (known.ids.includes(push.id)) return { left: 'done before', mark }
  if (isLower || known.at > push.at) return { left: 'superseded' }
  const backAt = rolledBackAt(object, workloads, name, annotationPrefix + name)
  if (backAt !== undefined && backAt > push.at) return { left: 'rolled back' }
  const wanted = `${runs.name}:${push.tag}${pinned ? `@${push.digest}` : ''}`
  const edit = { name, mark, cause: push, from: image }
  if (wanted !== image) {
    const replace = { op: 'replace', path: `${pointer}/image`, value: wanted } as const
    // The digest is stored in an annotation. If it is pushed again under the same tag, it is then
    // recognised.
    const template = pinned ? undefined : push.digest
    return { ...edit, template, operations: [isNamed(container), replace], to: wanted }
  }
  // The container runs this image text already. The text names another image now, unless the digest
  // is known to be unchanged.
  if (pinned || templateNote(object, workloads, name) === push.digest) {
    // The annotation names an earlier push with the same digest. Its mark serves as the mark of
    // this delivery.
    const [first] = known.ids
    return { left: 'up to date', mark: first === undefined ? undefined : markOf(first) }
  }
  if (imagePullPolicy === 'Never') return { left: 'never pulled' }
  const isPulled = imagePullPolicy === 'Always'
  if (!workloads.rollsOut && isPulled) return { left: 'up to date' }
  // Without this operation, a node would run the earlier image that it has under this tag.
  const pull = { op: 'add', path: `${pointer}/imagePullPolicy`, value: 'Always' } as const
  return {
    ...edit,
    template: push.digest ?? (workloads.rollsOut ? push.id : undefined),
    operations: isPulled ? [] : [isNamed(container), pull],
    to: push.digest === undefined ? image : `${image}@${push.digest}`,
  }
}

/** Returns the operation that fails if another container is in this place by now. */
const isNamed = ({ name, pointer }: Container) => ({ op: 'test', path: `${pointer}/name`, value: name }) as const

const templateNote = (object: StoredObject, { template }: Workloads, name: string): unknown =>
  at(object, ...template, 'metadata', 'annotations', annotationPrefix + name) ?? 'none'
