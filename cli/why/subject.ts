import type { ReceiverHook } from '../../src/api/hook.ts'
import { at, stringAt } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { driverOf, isViolation } from '../../src/drivers/registry.ts'
import { kindOf } from '../../src/drivers/scale/scale.ts'
import { definitionsOf } from '../../src/kube/definitions.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { apiVersionOf, type ResourceType } from '../../src/kube/paths.ts'
import { knownCounts } from '../../src/steps/target/counts.ts'
import { heldKinds, type HeldKind } from '../../src/steps/target/held-kinds.ts'
import { historiesIn } from '../../src/steps/target/histories.ts'
import { holdsPools, poolCount, poolKinds, poolsInside } from '../../src/steps/target/pools.ts'
import type { CountAt } from '../../src/steps/target/target.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { UsageError } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { kindNamed } from '../spec/kinds.ts'

/** An object whose counts a person asks about. */
export interface Subject {
  readonly type: ResourceType
  readonly name: string
  /**
   * Returns the counts that the object has: one, or one for each pool. The maximum of an autoscaler is a
   * count if hooks change it, or have changed it.
   */
  readonly counts: (object: StoredObject) => readonly SubjectCount[]
  /** What of the object can be held. */
  readonly holdable: readonly HeldKind[]
}

/** One of the counts of an object. */
export interface SubjectCount {
  /** The object, with what names the count if it has several, such as `Cluster/east pool workers`. A hook's target is called so. */
  readonly shownAs: string
  readonly at: CountAt
  /** The value that is held, if the count says how many hold it. */
  readonly held?: { readonly kind: HeldKind; readonly value: string }
}

/**
 * Returns the object that `word` names, such as `deployment/web` or `hpa/web`. A kind that
 * this program does not know is taken from the hooks' targets.
 */
export const subjectNamed = async (
  word: string,
  found: readonly ReceiverHook[],
  { api }: Pick<Cluster, 'api'>,
  clock: Clock,
): Promise<Subject> => {
  const [kindWord = '', name = ''] = word.split('/', 2)
  if (kindWord === '' || name === '') {
    throw new UsageError(`name the object as KIND/NAME, such as deployment/web, not ${word}`, 'why')
  }
  const named = kindNamed(kindWord) ?? targetKind(kindWord, found)
  if (!named) {
    throw new CommandFailure(`${kindWord} has no count that hooks change, and no hook here points at one`, 1)
  }
  const { apiVersion, kind } = named
  const pools = poolKinds.find(type => type.kind === kind && apiVersionOf(type) === apiVersion)
  if (pools) return { type: pools, name, counts: object => poolCounts(pools, object), holdable: [] }
  const definitions = definitionsOf({ api, clock }, { lane: 'bulk', timeoutMs: interactiveTimeoutMs })
  const holdable = heldKinds.filter(({ type }) => type.kind === kind && apiVersionOf(type) === apiVersion)
  const counted = await kindOf({ apiVersion, kind, name }, definitions)
  if ('reason' in counted) {
    const [held] = holdable
    if (held) return { type: held.type, name, counts: () => [], holdable }
    throw new CommandFailure(counted.message, 1)
  }
  const shownAs = `${kind}/${name}`
  const least = { shownAs, at: counted.at }
  const max = knownCounts.find(({ at }) => at === counted.at)?.max
  if (!max) return { type: counted.type, name, counts: () => [least], holdable }
  const most = { shownAs: `${shownAs} count max`, at: max }
  const isAimed = found.some(hook => isAimedAt(hook, most))
  const counts: Subject['counts'] = object => (isAimed || hasHistory(object, max) ? [least, most] : [least])
  return { type: counted.type, name, counts, holdable }
}

/** Returns whether hooks have changed a count of an object. */
const hasHistory = (object: StoredObject, { field }: Pick<CountAt, 'field'>): boolean =>
  historiesIn(object)?.[field] !== undefined

const poolCounts = (type: ResourceType, object: StoredObject): readonly SubjectCount[] => {
  const shownAs = `${type.kind}/${object.metadata.name}`
  if (!holdsPools(type)) return [{ shownAs, at: poolCount(type) }]
  return poolsInside(type, object).map(({ name }) => ({
    shownAs: `${shownAs} pool ${name}`,
    at: poolCount(type, name),
  }))
}

/** Returns the kind of a hook's target that a person may call `word`. */
const targetKind = (word: string, found: readonly ReceiverHook[]) => {
  const [name = ''] = word.toLowerCase().split('.')
  for (const { spec } of found) {
    const target = at(spec, spec.driver, 'target')
    const [apiVersion, kind] = [stringAt(target, 'apiVersion'), stringAt(target, 'kind')]
    if (apiVersion === undefined || kind === undefined) continue
    if ([kind.toLowerCase(), `${kind.toLowerCase()}s`].includes(name)) return { apiVersion, kind }
  }
  return undefined
}

/** Returns whether a hook changes this count now. A driver that changes counts can take them back. */
export const isAimedAt = ({ spec }: ReceiverHook, { shownAs }: SubjectCount): boolean => {
  const bound = driverOf(spec)
  return !isViolation(bound) && bound.undo !== undefined && bound.target === shownAs
}
