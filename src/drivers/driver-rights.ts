/**
 * The rights that a driver needs. Roles, admission policies and the permissions page are made from
 * these members.
 */
export interface DriverRights {
  /**
   * everywhere: granted by default. where bound: in the driver's own ClusterRole, which an
   * administrator binds in one namespace or in all.
   */
  readonly given: 'everywhere' | 'where bound'
  /**
   * What an attacker could do with the trigger's rights, if no policy can limit them. Absent if one
   * does, or if the driver writes nothing. The component that grants the rights says this first.
   */
  readonly unlimited?: string
  /** The trigger's rights. The controller may `get` the same objects, to check whether a hook would work. */
  readonly trigger: readonly Right[]
  /** The rights that a person needs to create or change a hook of this driver. */
  readonly author: readonly Asked[]
  /** The limits of the trigger's patches. */
  readonly keeps: readonly Kept[]
  /** Rights for further kinds of targets, or for further reads. Absent if there are none. */
  readonly extras?: readonly Extra[]
}

/** Rights for some kinds, in ClusterRoles of their own that an administrator binds. */
export interface Extra extends Pick<DriverRights, 'trigger' | 'keeps' | 'unlimited'> {
  /** The end of the ClusterRoles' names: `receiver-hooks-trigger-NAME`. */
  readonly name: string
  /** The hooks that need these rights, in words, such as `whose target is a Rollout`. */
  readonly hooks: string
  /** True if these hooks also need the right to read CRDs, which are cluster-scoped. */
  readonly readsDefinitions: boolean
}

/** One RBAC rule, and why it is needed. */
export interface Right {
  readonly group: string
  readonly resource: string
  readonly verbs: readonly string[]
  readonly why: string
}

/** Returns whether a right is more than the right to read. */
export const isWritten = ({ verbs }: Right): boolean => verbs.some(verb => !['get', 'list', 'watch'].includes(verb))

/**
 * A CEL expression. In the rights of an author, `self` is the hook's member of the driver. In a
 * limit of writes, `object` and `oldObject` are an object after and before a write.
 */
export type Cel = string

/**
 * A right that the author of a hook needs when writing its spec. So nobody can do more through a
 * hook than without one.
 */
export interface Asked {
  /** True for a hook whose author needs the right. Absent: every author does. */
  readonly when?: Cel
  readonly group: Cel
  readonly resource: Cel
  readonly subresource?: string
  /** The name of the object. Absent: any in the namespace. */
  readonly name?: Cel
  readonly verb: string
  /** An expression for the text that says what the hook would do, such as `'scale ' + self.target.kind`. */
  readonly does: Cel
  /** The end of a message about who needs the right, such as `sets auth`. Default: `writes this hook`. */
  readonly who?: string
  /** The right and its reason in words, for the permissions page. */
  readonly right: string
  readonly why: string
}

/**
 * What a write by the trigger's account must leave unchanged in a resource that the account may
 * update. An attacker with that account can then do no more than a hook. Other operations on the
 * resource are refused. If several drivers write the resource, a write must match one of them.
 */
export interface Kept {
  readonly group: string
  readonly resource: string
  /** CEL over `object` and `oldObject`: true for a write that the driver would make. */
  readonly holds: string
  /**
   * What such a write may change, in words for messages, such as `the tag of an image that a
   * container runs`.
   */
  readonly only: string
}
