/**
 * Drivers: one folder for each thing that a hook can do. A driver has the schema of its member in
 * the spec, the rights that it needs, a check at each reconcile, and the action of a delivery. It
 * reaches the cluster only through what `Execution` and `ValidationContext` pass in. `registry.ts`
 * lists the drivers; CRD, roles, policies and reference are made from them.
 */
import type { Problem } from '../api/conditions.ts'
import type { Delivery } from '../api/delivery.ts'
import { firstViolation, has, type Violation } from '../api/guard.ts'
import type { KubeObject, StoredObject } from '../api/object.ts'
import type { Change, Outcome } from '../api/outcome.ts'
import type { DecidedChange, DecidedCount, Settlement } from '../api/settlement.ts'
import type { Obj, Stored } from '../api/schema.ts'
import type { LeaseReport } from '../api/status.ts'
import type { ApiConnection, Clock, Outbound } from '../environment/environment.ts'
import type { Definitions } from '../kube/definitions.ts'
import type { ResourceType } from '../kube/paths.ts'
import type { Need } from '../kube/reviews.ts'
import type { Acts } from '../acts/acts.ts'
import type { MakeStep } from '../steps/steps.ts'
import type { Declaration } from './declaration.ts'
import type { DriverRights } from './driver-rights.ts'

/** What a driver may read at a reconcile: objects in the hook's namespace, and their autoscalers. */
export interface ValidationContext {
  readonly namespace: string
  /** Returns the metadata of an object, or undefined if it does not exist. */
  get(type: ResourceType, name: string): Promise<KubeObject | undefined>
  /** Returns the whole object, or undefined if it does not exist. */
  getWhole(type: ResourceType, name: string): Promise<StoredObject | undefined>
  /** Returns the autoscaler that sets an object's count, such as `HorizontalPodAutoscaler/web`. */
  autoscalerOf(type: ResourceType, name: string): Promise<string | undefined>
  readonly definitions: Definitions
}

/** A kind of target. The page and the command line use it to offer and show targets. */
export interface TargetKind {
  readonly type: ResourceType
  /** Returns the desired and the ready replicas of an object. Absent if the kind has none. */
  readonly replicas?: (object: KubeObject) => { readonly wanted: number; readonly ready: number } | undefined
  /** Returns the parts of an object that a hook can change one by one. Absent if the kind has no parts. */
  readonly parts?: (object: StoredObject) => readonly TargetPart[]
}

/** A part of an object that a hook can change. */
export interface TargetPart {
  /** What names the part in a hook's target, in addition to kind and name: `{ pool: 'workers' }`. */
  readonly more: Readonly<Record<string, string>>
  readonly wanted?: number
}

export interface TargetObject {
  readonly type: ResourceType
  readonly name: string
}

/** What a driver may use for a delivery. */
export interface Execution {
  readonly hook: { readonly namespace: string; readonly name: string; readonly uid: string }
  /** On a dry run, it changes nothing. */
  readonly step: MakeStep
  /**
   * Returns what makes the step of one part of an act. The key names this part for all copies of the delivery, so each step is
   * made once. Cooldown and limits are the act's.
   */
  readonly stepOfPart: (key: string) => MakeStep
  readonly acts: Acts
  /** Returns whether a change of an act was approved. Undefined if it needs no approval. */
  readonly mayChange?: ((change: Change) => boolean) | undefined
  /** On a dry run, each write is a dry run too: admission checks it and nothing is stored. */
  readonly api: ApiConnection
  /** Charges the hook for bytes that its driver stores. Steps charge by themselves. */
  readonly charge: (bytes: number) => void
  /** Counts one more object that is kept for so long. Returns false, and counts nothing, if the hook may make none. */
  readonly countKept: (keptForMs: number) => boolean
  /** Requests to other servers. On a dry run each is refused. */
  readonly outbound: Outbound
  /** The post, unparsed. */
  readonly post: DriverPost
  readonly clock: Clock
  /** The CRDs of custom kinds, as they were at most ten minutes ago. */
  readonly definitions: Definitions
}

export interface DriverPost {
  /** The body, decompressed and without a byte order mark. */
  readonly body: Uint8Array
  /** The headers without those that hold the token or the secret of `auth`. The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: URLSearchParams
}

/** What a hook does. `N` is its name, `S` the schema of the spec member with that name. */
export type Driver<N extends string, S extends Obj> = Doing<N, S> & (Undoing<S> | NotUndoing)

interface Doing<N extends string, S extends Obj> extends Declaration<N, S> {
  readonly rights: DriverRights
  /**
   * The kinds of targets that the page and the command line know. A hook may change others too, if
   * they are custom resources.
   */
  readonly targets: readonly TargetKind[]
  /** Returns the target in words, such as `Deployment/web`. */
  target(member: Stored<S>): string
  /** Returns the target for Events. Undefined if there are several, or if its kind is unknown. */
  object?(member: Stored<S>): TargetObject | undefined
  /** Returns the action in words, such as `scale up by 1, to at most 10`. */
  describe(member: Stored<S>): string
  /**
   * Returns what the holder of the URL can do to `target` at worst, with any number of posts, such as
   * `raise Deployment/web to 10`.
   */
  worst(member: Stored<S>, target: string): string
  /**
   * Returns why the hook cannot work, or undefined. Called at each reconcile. Throws the API
   * server's errors.
   */
  validate(member: Stored<S>, reading: ValidationContext): Promise<Problem | undefined>
  /**
   * Returns who has overruled what the hook holds, in words. Called only for a hook that leases something; `leases` are
   * those that its status shows. Undefined if nobody has. Absent if
   * others' changes need no word. Throws the API server's errors.
   */
  overruled?(member: Stored<S>, reading: ValidationContext, leases: LeaseReport): Promise<string | undefined>
  /**
   * Returns the rights that the trigger needs in the hook's namespace. A hook is Ready only if the
   * trigger has them. For a custom resource, they can be rights that `rights` does not list. Throws
   * the API server's errors.
   */
  needs(member: Stored<S>, definitions: Definitions): readonly Need[] | Promise<readonly Need[]>
  /**
   * Returns the rights that the account of a hook needs for what the trigger does without a request as
   * this account. They are asked for at each delivery. Absent if all is done by such requests.
   */
  needsOfAccount?(member: Stored<S>): readonly Need[]
  /**
   * Returns the function that runs the action of one delivery. Called at most once for each version of
   * a hook, so this is the place for what does not depend on a delivery.
   */
  execute(member: Stored<S>): Bound['execute']
  /**
   * Looks at the objects that the hook changes, to find out whether a stored change has taken
   * effect. Absent if a change is complete as soon as it is stored. Throws the API server's errors.
   */
  look?(member: Stored<S>, looking: LookContext): Promise<Look>
}

/** What a look at the objects of a hook may use. */
export interface LookContext {
  readonly api: ApiConnection
  readonly namespace: string
  readonly hookName: string
  /** The changes whose outcome is asked for. A look reads at least what these need. */
  readonly changes: readonly (DecidedChange | DecidedCount)[]
  /** The CRDs of custom kinds, as they were at most ten minutes ago. */
  readonly definitions: Definitions
  /**
   * Passes each pod that a label selector matches to `take`, up to a limit. Returns how many.
   * Undefined if they cannot be read.
   */
  pods(this: void, labelSelector: string, take: (pod: StoredObject) => void): Promise<number | undefined>
}

/** The objects of a hook as they are now. */
export interface Look {
  /** The number of objects, which says how much a look costs. */
  readonly objects: number
  /** Returns the outcome of a change at the time `now`, in milliseconds since the epoch. Pure. */
  settlementOf(change: DecidedChange | DecidedCount, now: number): Settlement
}

interface Undoing<S extends Obj> {
  readonly undoes: true
  /**
   * Returns the function that takes back what an alert's firings changed. That function is called at the
   * end of the alert, if the hook asks for it.
   */
  undo(member: Stored<S>): Bound['execute']
}

interface NotUndoing {
  readonly undoes: false
  readonly undo?: undefined
}

/** A driver, bound to the member of one hook. */
export interface Bound {
  readonly driver: Pick<AnyDriver, 'name' | 'rights'>
  readonly target: string
  readonly object: TargetObject | undefined
  readonly description: string
  readonly worst: string
  validate(reading: ValidationContext): Promise<Problem | undefined>
  /** Returns who has overruled what the hook holds, or undefined. */
  overruled(reading: ValidationContext, leases: LeaseReport): Promise<string | undefined>
  needs(definitions: Definitions): Promise<readonly Need[]>
  /** The rights that only the account of a hook needs, and that are asked for at each delivery. */
  readonly needsOfAccount: readonly Need[]
  /** Runs the action of one delivery. Resolves with its outcome. */
  readonly execute: (delivery: Delivery, execution: Execution) => Promise<Outcome>
  /** Takes back earlier changes. Undefined if the driver cannot. */
  readonly undo: Bound['execute'] | undefined
  /** Undefined if a change is complete as soon as it is stored. */
  readonly look: ((looking: LookContext) => Promise<Look>) | undefined
}

/**
 * A process keeps one of these for each hook, and needs most of its values seldom or never. So all but
 * the target, which each answer names, are computed when they are asked for.
 */
class BoundDriver<N extends string, S extends Obj> implements Bound {
  readonly driver: Driver<N, S>
  readonly target: string
  readonly #member: Stored<S>
  #execute: Bound['execute'] | undefined
  #undo: Bound['execute'] | undefined

  constructor(driver: Driver<N, S>, member: Stored<S>) {
    this.driver = driver
    this.target = driver.target(member)
    this.#member = member
  }

  get object(): TargetObject | undefined {
    return this.driver.object?.(this.#member)
  }

  get description(): string {
    return this.driver.describe(this.#member)
  }

  get worst(): string {
    return this.driver.worst(this.#member, this.target)
  }

  get needsOfAccount(): readonly Need[] {
    return this.driver.needsOfAccount?.(this.#member) ?? []
  }

  get execute(): Bound['execute'] {
    return (this.#execute ??= this.driver.execute(this.#member))
  }

  get undo(): Bound['undo'] {
    return (this.#undo ??= this.driver.undo?.(this.#member))
  }

  get look(): Bound['look'] {
    const look = this.driver.look?.bind(this.driver)
    return look && (looking => look(this.#member, looking))
  }

  validate(reading: ValidationContext): Promise<Problem | undefined> {
    return this.driver.validate(this.#member, reading)
  }

  async overruled(reading: ValidationContext, leases: LeaseReport): Promise<string | undefined> {
    return await this.driver.overruled?.(this.#member, reading, leases)
  }

  async needs(definitions: Definitions): Promise<readonly Need[]> {
    return await this.driver.needs(this.#member, definitions)
  }
}

/**
 * A driver without the type of its member, so that all drivers fit into one list. `bind` checks the
 * member against the schema.
 */
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
      ? new BoundDriver(driver, member)
      : (firstViolation(driver.schema, member, `spec.${driver.name}`) ?? {
          path: `spec.${driver.name}`,
          message: 'is not valid',
        }),
})
