/**
 * Drivers: one folder for each thing that a hook can do. A driver has the schema of its member of the
 * spec, the rights that it needs, a check at each reconcile, and the action of a delivery. It reaches
 * the cluster only through what `Execution` and `ValidationContext` pass in. `registry.ts` lists the
 * drivers; the CRD, the roles, the policies and the reference follow from them.
 */
import type { Problem } from '../api/conditions.ts'
import type { Delivery } from '../api/delivery.ts'
import { firstViolation, has, type Violation } from '../api/guard.ts'
import type { KubeObject, StoredObject } from '../api/object.ts'
import type { Outcome } from '../api/outcome.ts'
import type { DecidedChange, Settlement } from '../api/settlement.ts'
import type { Obj, Stored } from '../api/schema.ts'
import type { ApiConnection, Clock, Outbound } from '../environment/environment.ts'
import type { Definitions } from '../kube/definitions.ts'
import type { ResourceType } from '../kube/paths.ts'
import type { Need } from '../kube/reviews.ts'
import type { Acts } from '../acts/acts.ts'
import type { Steps } from '../steps/steps.ts'
import type { Declaration } from './declaration.ts'
import type { DriverRights } from './rights.ts'

/** What a driver may look at when a hook is reconciled: its own namespace, and which autoscaler owns what. */
export interface ValidationContext {
  readonly namespace: string
  /** The metadata of an object; undefined when there is none. */
  get(type: ResourceType, name: string): Promise<KubeObject | undefined>
  /** The whole object. */
  getWhole(type: ResourceType, name: string): Promise<StoredObject | undefined>
  /** The autoscaler that sets an object's count, as in `HorizontalPodAutoscaler/web`. */
  autoscalerOf(type: ResourceType, name: string): Promise<string | undefined>
  readonly definitions: Definitions
}

/**
 * A kind of object that hooks of a driver act on. The page and the command line offer and show
 * targets with it.
 */
export interface TargetKind {
  readonly type: ResourceType
  /** How many replicas an object of this kind wants and has ready; absent where such objects have none. */
  readonly replicas?: (object: KubeObject) => { readonly wanted: number; readonly ready: number } | undefined
  /** Where a hook acts on something inside of an object: each of those. */
  readonly parts?: (object: StoredObject) => readonly TargetPart[]
}

/** Something inside of an object that a hook can act on. */
export interface TargetPart {
  /** What a reference says besides kind and name: `{ pool: 'workers' }`. */
  readonly more: Readonly<Record<string, string>>
  readonly wanted?: number
}

/** An object of the hook's namespace that it acts on. */
export interface TargetObject {
  readonly type: ResourceType
  readonly name: string
}

/** What a driver may use when a delivery runs. */
export interface Execution {
  /** The hook whose delivery it is. */
  readonly hook: { readonly namespace: string; readonly name: string; readonly uid: string }
  /** On a dry run they change nothing. */
  readonly steps: Steps
  readonly acts: Acts
  /** On a dry run each write goes out as one, so that admission has its say and nothing is stored. */
  readonly api: ApiConnection
  /** Charges the hook with what its driver has made the API server store, in bytes: steps are charged already. */
  readonly charge: (bytes: number) => void
  /** On a dry run it refuses. */
  readonly outbound: Outbound
  /** The post, as it came. */
  readonly post: DriverPost
  readonly clock: Clock
  /** What the cluster says of custom kinds, as it was read some minutes ago at most. */
  readonly definitions: Definitions
}

export interface DriverPost {
  readonly body: Uint8Array
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: URLSearchParams
}

/** What a hook does. `N` is its name, `S` the schema of the spec member of the same name. */
export type Driver<N extends string, S extends Obj> = Doing<N, S> & (Undoing<S> | NotUndoing)

interface Doing<N extends string, S extends Obj> extends Declaration<N, S> {
  readonly rights: DriverRights
  /** The kinds that a hook may act on. */
  readonly targets: readonly TargetKind[]
  /** What the hook acts on, for people: `Deployment/web`. */
  target(member: Stored<S>): string
  /** The one object that the hook acts on, for Events: undefined for several, and for a kind that the driver does not know. */
  object?(member: Stored<S>): TargetObject | undefined
  /** What the hook does to it, for people: `scale up by 1, to at most 10`. */
  describe(member: Stored<S>): string
  /** Says what a holder of the URL can make of `target` at worst, by any number of posts: `raise Deployment/web to 10`. */
  worst(member: Stored<S>, target: string): string
  /** At reconcile: what keeps the hook from working, if anything does. Throws what the API throws. */
  validate(member: Stored<S>, reading: ValidationContext): Promise<Problem | undefined>
  /**
   * What the trigger must be allowed in the hook's namespace for a delivery to work: no more than `rights.trigger`. A hook is
   * Ready only while it may. Throws what the API throws.
   */
  needs(member: Stored<S>, definitions: Definitions): readonly Need[] | Promise<readonly Need[]>
  /** Runs the action of one delivery and returns its outcome. */
  execute(member: Stored<S>, delivery: Delivery, execution: Execution): Promise<Outcome>
  /**
   * Looks at what the hook acts on, to see the outcome of what was changed. Absent where nothing can be seen but that it is
   * stored. Throws what the API throws.
   */
  look?(member: Stored<S>, looking: LookContext): Promise<Look>
}

/** What a look at the objects of a hook may use. */
export interface LookContext {
  readonly api: ApiConnection
  readonly namespace: string
}

/** The objects of a hook as they are now. */
export interface Look {
  /** How many there are: what a look costs. */
  readonly objects: number
  /** Returns the outcome of a change, at `now`, in milliseconds since the epoch. Pure. */
  settlementOf(change: DecidedChange, now: number): Settlement
}

interface Undoing<S extends Obj> {
  readonly undoes: true
  /** At the end of an alert, where the hook says so: takes back what its firings have changed. */
  undo(member: Stored<S>, delivery: Delivery, execution: Execution): Promise<Outcome>
}

interface NotUndoing {
  readonly undoes: false
  readonly undo?: undefined
}

/** A driver with one hook's member bound to it. */
export interface Bound {
  readonly driver: Pick<AnyDriver, 'name' | 'rights'>
  readonly target: string
  readonly object: TargetObject | undefined
  readonly description: string
  readonly worst: string
  readonly validate: (reading: ValidationContext) => Promise<Problem | undefined>
  readonly needs: (definitions: Definitions) => Promise<readonly Need[]>
  readonly execute: (delivery: Delivery, execution: Execution) => Promise<Outcome>
  /** Absent where the driver takes nothing back. */
  readonly undo?: (delivery: Delivery, execution: Execution) => Promise<Outcome>
  /** Absent where nothing can be seen of a change but that it is stored. */
  readonly look?: (looking: LookContext) => Promise<Look>
}

/** A driver whose types are hidden behind the guard, so that all drivers fit one list. */
export interface AnyDriver<N extends string = string> {
  readonly name: N
  readonly schema: Obj
  readonly targets: readonly TargetKind[]
  readonly rights: DriverRights
  bind(member: unknown): Bound | Violation
}

export const anyDriver = <N extends string, S extends Obj>(driver: Driver<N, S>): AnyDriver<N> => ({
  name: driver.name,
  schema: driver.schema,
  targets: driver.targets,
  rights: driver.rights,
  bind: member =>
    has(driver.schema, member)
      ? {
          driver: { name: driver.name, rights: driver.rights },
          target: driver.target(member),
          object: driver.object?.(member),
          description: driver.describe(member),
          worst: driver.worst(member, driver.target(member)),
          validate: reading => driver.validate(member, reading),
          needs: async definitions => await driver.needs(member, definitions),
          execute: (delivery, execution) => driver.execute(member, delivery, execution),
          ...lookOf(driver, member),
          ...(driver.undoes && { undo: (delivery, execution) => driver.undo(member, delivery, execution) }),
        }
      : (firstViolation(driver.schema, member, `spec.${driver.name}`) ?? {
          path: `spec.${driver.name}`,
          message: 'is not valid',
        }),
})

const lookOf = <N extends string, S extends Obj>(driver: Driver<N, S>, member: Stored<S>): Pick<Bound, 'look'> => {
  const look = driver.look?.bind(driver)
  return look ? { look: looking => look(member, looking) } : {}
}
