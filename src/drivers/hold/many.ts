import type { Act, MayContinue, Progress, Worked } from '../../acts/acts.ts'
import type { Delivery } from '../../api/delivery.ts'
import type { Outcome } from '../../api/outcome.ts'
import { waitAfter } from '../../environment/backoff.ts'
import { wait } from '../../environment/wait.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import type { Step } from '../../steps/steps.ts'
import { base } from '../../steps/target/holds.ts'
import type { Execution } from '../driver.ts'
import { readPatiently, tryAgain } from '../patient.ts'
import { reachInWords } from '../rollouts/reach.ts'
import { failureOf } from '../rollouts/roll-out.ts'
import type { Reach } from '../rollouts/schema.ts'
import { findWorkloads, type FoundWorkload } from '../rollouts/workloads.ts'
import { kindsByDefault, type HoldMember } from './schema.ts'
import { largestCount, moveWithin, takeBackWithin } from '../../steps/arithmetic.ts'
import { heldKindOf, type Aim, type HeldKind } from '../../steps/target/held-kinds.ts'
import type { Target } from '../../steps/target/target.ts'
import { viaHold } from '../../steps/target/via-hold.ts'

export interface HeldObject {
  readonly kind: HeldKind
  readonly value: string
  /** The number of holders of the value, which each post raises by one. */
  readonly count: Omit<Target, 'namespace'>
}

export const heldBy = (aim: Aim & { readonly target: { readonly name: string } }): HeldObject => {
  const kind = heldKindOf(aim)
  if (!kind) throw new TypeError(`not a valid hold: ${JSON.stringify(aim)}`)
  const value = String(kind.field.on ?? aim.to)
  return { kind, value, count: { type: kind.type, name: aim.target.name, at: viaHold(kind, value) } }
}

/** There may be any number of holders. */
export const anyNumber = { min: 0, max: largestCount }
export const oneMore = moveWithin({ action: 'up', by: { count: 1 }, overshoot: 'clamp', ...anyNumber })
export const asManyLess = takeBackWithin(anyNumber)

/** How many workloads one hook may hold. Each is a lease of its own. */
const maxHeld = 50

/** Returns the workloads that a hook looks at. */
export const reachOf = ({ kinds, selector }: HoldMember): Reach => ({ kinds, selector })

/** Returns what many workloads are held at, as `workloads tier=dev at 0`. */
export const manyInWords = (member: HoldMember): string => `${reachInWords(reachOf(member))} ${valueInWords(member)}`

const valueInWords = ({ to }: HoldMember): string => `at ${to === base ? 'what others set' : to}`

interface Done {
  readonly held: HeldObject
  readonly step: Step
}

/**
 * Holds all workloads that a selector matches. Each is a step with a name of its own, so a process that
 * continues the act makes only those that are missing.
 */
export const holdMany =
  (member: HoldMember) =>
  (delivery: Delivery, execution: Execution): Promise<Outcome> =>
    execution.acts.once((act, mayContinue, progress) =>
      holdAll(member, execution, { act, mayContinue, progress, isNamed: delivery.identity !== undefined }),
    )

interface Working {
  readonly act: Act
  readonly mayContinue: MayContinue
  readonly progress: Progress
  readonly isNamed: boolean
}

const holdAll = async (member: HoldMember, execution: Execution, working: Working): Promise<Worked> => {
  const { api, clock, hook } = execution
  const { mayContinue, progress } = working
  try {
    const reach = { ...reachOf(member), kinds: member.kinds ?? kindsByDefault }
    const found = await readPatiently(() => findWorkloads(api, hook.namespace, reach), { ...working, clock })
    if ('reason' in found) return { worked: 'failed', outcome: { outcome: 'failed', ...found } }
    if (found.found.length > maxHeld) {
      const message = `found ${found.found.length} ${reachInWords(reachOf(member))}, but a hook holds at most ${maxHeld}: use more hooks, with more labels or fewer kinds`
      return { worked: 'failed', outcome: { outcome: 'failed', reason: 'TooManyTargets', message } }
    }
    const done: Done[] = []
    for (const workload of found.found) {
      const one = (await mayContinue()) ? await holdOne(member, workload, execution, working) : undefined
      if (!one) return unfinished(done.length, found.found.length)
      done.push(one)
      progress(`${done.length} of ${found.found.length} are held`)
    }
    return summedUp(member, done, [...found.passed, ...found.large])
  } catch (error) {
    return failureOf(error)
  }
}

/** Holds a workload, again after what may pass. Undefined if it is not known to be held when the act has to end. */
const holdOne = async (
  member: HoldMember,
  { object: { metadata }, workloads: { type } }: FoundWorkload,
  { clock, hook: { namespace }, stepOfPart }: Execution,
  { act, mayContinue }: Working,
): Promise<Done | undefined> => {
  const target = { apiVersion: apiVersionOf(type), kind: type.kind, name: metadata.name }
  const held = heldBy({ target, to: type.kind === 'CronJob' ? undefined : member.to })
  for (let tries = 0; ; tries++) {
    const step = await stepOfPart(`${act.id} ${metadata.uid}`)({ ...held.count, namespace }, oneMore, anyNumber)
    const mayPass =
      step.outcome === 'changed' ||
      step.outcome === 'unknown' ||
      (step.outcome === 'unavailable' && !['RecordFull', 'RecordTooNew'].includes(step.reason))
    if (!mayPass) return { held, step }
    await wait(clock, waitAfter(tryAgain, tries))
    if (!(await mayContinue())) return undefined
  }
}

const unfinished = (done: number, all: number): Worked => {
  const message = `${done} of ${all} are held; sending the same post again does the rest`
  return { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'Unfinished', message } }
}

/** Sums up the results for all workloads. `passed` are those that something else would set back. */
const summedUp = (member: HoldMember, done: readonly Done[], passed: readonly string[]): Worked => {
  const nameOf = ({ held }: Done): string => `${held.kind.type.kind}/${held.count.name}`
  const [refused, others] = [
    done.filter(({ step }) => step.outcome !== 'done' && !isCopy(step)),
    done.filter(({ step }) => isCopy(step) || (step.outcome === 'done' && step.from !== step.to)),
  ]
  const skipped = passed.length === 0 ? '' : `, skipped ${passed.length} (${firstOf(passed)})`
  const changes = others.map(({ held }) => ({
    object: `${held.kind.type.kind}/${held.count.name}`,
    to: held.value,
  }))
  const [first] = refused
  if (first) {
    const why = 'message' in first.step ? first.step.message : first.step.outcome
    const message = `held ${others.length} of ${done.length}, but not ${firstOf(refused.map(nameOf))}: ${why}`
    return { worked: 'unfinished', outcome: { outcome: 'failed', reason: 'PartlyDone', message, changes } }
  }
  if (others.length === 0) {
    const summary = `${reachInWords(reachOf(member))}: none needed a hold${skipped}`
    return { worked: 'done', outcome: { outcome: 'unchanged', reason: 'AlreadySo', summary, changes: [] } }
  }
  const until = Math.max(...others.map(({ step }) => ('until' in step ? (step.until ?? 0) : 0)))
  const summary = `held ${others.length} ${valueInWords(member)}${skipped}`
  return {
    worked: 'done',
    outcome: { outcome: 'applied', reason: 'Held', summary, changes, ...(until > 0 && { until }) },
  }
}

/** Returns whether a step was made before, by the act of the same delivery. */
const isCopy = (step: Step): boolean => step.outcome === 'skipped' && step.reason === 'Duplicate'

const firstOf = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
