/** What a driver needs to be allowed, from whom. Roles, admission policies and the permissions page are made from it. */
export interface DriverRights {
  /**
   * everywhere: what an installation has from the beginning. where bound: a ClusterRole of the driver's own that is bound to
   * nobody until an administrator does it, in one namespace or in all.
   */
  readonly given: 'everywhere' | 'where bound'
  /**
   * What the trigger may do. The controller may `get` the same, to check whether a hook would work.
   */
  readonly trigger: readonly Right[]
  /** What the author of a hook has to be allowed. */
  readonly author: readonly Asked[]
  /** How far the trigger may change what it may patch. */
  readonly keeps: readonly Kept[]
  /** What hooks of the driver need for further kinds. */
  readonly extras?: readonly Extra[]
}

/** Rights for some kinds: ClusterRoles of their own that are bound to nobody until an administrator does it. */
export interface Extra extends Pick<DriverRights, 'trigger' | 'keeps'> {
  /** As in `receiver-hooks-trigger-NAME`. */
  readonly name: string
  /** Which hooks need them, as in `whose target is a Rollout`. */
  readonly hooks: string
  /** Whether the definitions of custom kinds are read, which are in no namespace. */
  readonly readsDefinitions: boolean
}

/** One rule of RBAC, and why it is needed. */
export interface Right {
  readonly group: string
  readonly resource: string
  readonly verbs: readonly string[]
  readonly why: string
}

/** An expression in CEL; in it, `self` is the hook's member of the driver. */
export type Cel = string

/** A right that the author of a hook needs when its spec is written: nobody reaches further through a hook than without one. */
export interface Asked {
  /** Whether a hook is asked for it at all; always when absent. */
  readonly when?: Cel
  readonly group: Cel
  readonly resource: Cel
  readonly subresource?: string
  /** The one object that is meant; absent: any of the namespace. */
  readonly name?: Cel
  readonly verb: string
  /** What the hook would do, as text: `'scale ' + self.target.kind`. */
  readonly does: Cel
  /** Whose right it is, for messages: `sets auth`; by default `writes this hook`. */
  readonly who?: string
  /** The right and why it is asked for, in words, for the permissions page. */
  readonly right: string
  readonly why: string
}

/**
 * What a write of the trigger's account must leave as it is, in a resource that it may update. An
 * attacker with that account can do no more. Other operations on the resource are refused. If
 * several drivers write the same resource, a write has to be as one of them makes it.
 */
export interface Kept {
  readonly group: string
  readonly resource: string
  /** True for a write that the driver would make: in CEL over `object` and `oldObject`. */
  readonly holds: string
  /** What such a write may change, for people: `the tag of an image that a container runs`. */
  readonly only: string
}
