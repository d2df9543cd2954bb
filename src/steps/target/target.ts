import type { StoredObject } from '../../api/object.ts'
import type { ApiRequest } from '../../environment/environment.ts'
import type { ResourceType } from '../../kube/paths.ts'

/** An object whose count is to be changed. */
export interface Target {
  readonly type: ResourceType
  readonly namespace: string
  readonly name: string
  /** Where its count is, and how that is written. */
  readonly at: CountAt
}

/** The bounds that an object itself has for its count, inclusive. */
export interface Limits {
  readonly min: number
  readonly max: number
}

export type ProblemReason =
  | 'TargetNotFound'
  | 'TargetBeingDeleted'
  | 'PoolNotFound'
  | 'OwnedByController'
  | 'ManagedByAutoscaler'
  | 'NotScalable'
  | 'Forbidden'
  | 'TooLarge'

/** A version of a target, and the count in it. */
export interface Version {
  readonly uid: string
  readonly resourceVersion: string
  readonly count: number
  /** The object's own bounds, where it has some. */
  readonly limits?: Limits
  /** What the next write has to know of this version, where it has to know something. */
  readonly ground?: Ground
}

/** A write as a way of writing makes it. */
export type CountWrite = Pick<ApiRequest, 'path' | 'query' | 'contentType' | 'body'>

/** What keeps a step from being made. */
export interface TargetProblem {
  readonly reason: ProblemReason
  readonly message: string
}

/**
 * Where an object holds its count, and how a count is written there so that the write can be distinguished from any other: by its
 * mark, which no other write has.
 */
export interface CountAt {
  /** Names the way in full: with it any process that meets a claim sends the very same request. */
  readonly text: string
  /** The field, for people: `spec.replicas`. */
  readonly field: string
  /** What is said of an object that cannot be written in this way. */
  readonly missing: string
  /** The count of an object; undefined where it has none. */
  read(object: StoredObject): number | undefined
  /** The object's own bounds: undefined where any count will do. */
  limits(object: StoredObject): Limits | undefined
  /** What a write of this very version has to know of it; undefined where that is nothing. */
  ground(object: StoredObject): Ground | undefined
  /** Whether a write cannot be made without a {@link Ground}. */
  readonly needsGround: boolean
  /** Why the count of an object is not to be changed, in addition to what is so for every object. */
  problem(object: StoredObject): TargetProblem | undefined
  /** The write of a count under a mark, from a version; undefined leaves the count as it is. */
  write(target: Target, mark: string, from: From, to: number | undefined): CountWrite
  /** Whether a write is answered with the whole object. */
  readonly isAnswered: boolean
  /** What the answer to a write shows, which is JSON; undefined where it is no answer to one. */
  stored(answer: string, mark: string, from: From, to: number | undefined): Version | TargetProblem | undefined
  /** The marks of the writes that an object's count is from. */
  marks(object: StoredObject): readonly string[]
  /** The mark of a write that leaves the count and makes a new version all the same; undefined where there is none. */
  fence(object: StoredObject): Fence | undefined
}

/** A write that makes all others from the same version impossible. */
export interface Fence {
  readonly mark: string
  readonly to: number | undefined
}

/** The version that a write replaces. */
export type From = Pick<Version, 'uid' | 'resourceVersion' | 'ground'>

/** What a JSON Patch of one version of an object has to know of it. Pointers are RFC 6901's. */
export interface Ground {
  /** Where the count is. */
  readonly count: string
  /** Maps that are to be made first, outer ones before inner ones. */
  readonly makes: readonly string[]
  /** What makes sure that a list has the same item at the same place. */
  readonly item?: { readonly pointer: string; readonly value: string }
}
