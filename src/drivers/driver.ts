import type { Problem } from '../api/conditions.ts'
import type { Delivery } from '../api/delivery.ts'
import { firstViolation, has, type Violation } from '../api/guard.ts'
import type { KubeObject } from '../api/object.ts'
import type { Outcome } from '../api/outcome.ts'
import type { Obj, Stored } from '../api/schema.ts'
import type { ApiConnection, Clock } from '../environment/environment.ts'
import type { ResourceType } from '../kube/paths.ts'
import type { Steps } from '../steps/steps.ts'

/** One rule of RBAC, and why it is needed. Roles and the permissions page are made from these. */
export interface Right {
  readonly group: string
  readonly resource: string
  readonly verbs: readonly string[]
  readonly why: string
}

/** What a driver may look at when a hook is reconciled: its own namespace, and which autoscaler owns what. */
export interface Reading {
  readonly namespace: string
  /** The metadata of an object; undefined when there is none. */
  get(type: ResourceType, name: string): Promise<KubeObject | undefined>
  /** The autoscaler that sets an object's count, as in `HorizontalPodAutoscaler/web`. */
  autoscalerOf(type: ResourceType, name: string): Promise<string | undefined>
}

/** What a driver may use when a delivery runs. */
export interface Execution {
  readonly namespace: string
  /** On a dry run they change nothing. */
  readonly steps: Steps
  readonly api: ApiConnection
  readonly clock: Clock
}

/** What a hook does. `N` is its name, `S` the schema of the spec member of the same name. */
export interface Driver<N extends string, S extends Obj> {
  readonly name: N
  readonly schema: S
  readonly rights: { readonly trigger: readonly Right[]; readonly author: readonly Right[] }
  /** What the hook acts on, for people: `Deployment/web`. */
  target(member: Stored<S>): string
  /** At reconcile: what keeps the hook from working, if anything does. Throws what the API throws. */
  validate(member: Stored<S>, reading: Reading): Promise<Problem | undefined>
  /** At delivery: does it, and says what became of it. */
  execute(member: Stored<S>, delivery: Delivery, execution: Execution): Promise<Outcome>
  /** At the end of an alert, where the hook says so: takes back what its firings have changed. */
  undo(member: Stored<S>, delivery: Delivery, execution: Execution): Promise<Outcome>
}

/** A driver with one hook's member bound to it. */
export interface Bound {
  readonly target: string
  readonly validate: (reading: Reading) => Promise<Problem | undefined>
  readonly execute: (delivery: Delivery, execution: Execution) => Promise<Outcome>
  readonly undo: (delivery: Delivery, execution: Execution) => Promise<Outcome>
}

/** A driver whose types are hidden behind the guard, so that all drivers fit one list. */
export interface AnyDriver {
  readonly name: string
  readonly schema: Obj
  readonly rights: Driver<string, Obj>['rights']
  bind(member: unknown): Bound | Violation
}

export const anyDriver = <N extends string, S extends Obj>(driver: Driver<N, S>): AnyDriver => ({
  name: driver.name,
  schema: driver.schema,
  rights: driver.rights,
  bind: member =>
    has(driver.schema, member)
      ? {
          target: driver.target(member),
          validate: reading => driver.validate(member, reading),
          execute: (delivery, execution) => driver.execute(member, delivery, execution),
          undo: (delivery, execution) => driver.undo(member, delivery, execution),
        }
      : (firstViolation(driver.schema, member, `spec.${driver.name}`) ?? {
          path: `spec.${driver.name}`,
          message: 'is not valid',
        }),
})
