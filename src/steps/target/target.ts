import type { LastWord } from '../../api/mark.ts'
import type { KubeObject, StoredObject } from '../../api/object.ts'
import type { ApiRequest } from '../../environment/environment.ts'
import type { ResourceType } from '../../kube/paths.ts'
import type { Before, StoredHolds } from './holds.ts'

/** An object whose count is to be changed. */
export interface Target {
  readonly type: ResourceType
  readonly namespace: string
  readonly name: string
  /** The accessor that reads and writes the object's count. */
  readonly at: CountAt
}

/** The bounds of the count that the object itself has, inclusive. */
export interface CountLimits {
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

/** A version of a target with its count. */
export interface Version {
  readonly uid: string
  readonly resourceVersion: string
  readonly count: number
  /** The object's own bounds, if it has any. */
  readonly limits?: CountLimits | undefined
  /** The mark of the write that set the count. Absent if no mark says who did. */
  readonly mark?: string | undefined
  /**
   * What somebody else has last said about the count, if hooks alone have written it since. Absent if
   * somebody else has written it last.
   */
  readonly lastWord?: LastWord | undefined
  /** What a write from this version needs to know of it. Absent if a write needs nothing. */
  readonly ground?: Ground | undefined
}

export type CountWrite = Pick<ApiRequest, 'path' | 'query' | 'contentType' | 'body'>

/** Why a step is impossible. */
export interface TargetProblem {
  readonly reason: ProblemReason
  readonly message: string
}

/**
 * Where an object holds its count, and how to write it with a mark. The mark identifies the write:
 * no other write has it.
 */
export interface CountAt {
  /**
   * The name of this accessor, which a claim stores. With the name, any process can send an
   * identical request.
   */
  readonly text: string
  /** The field of the count for messages, such as `spec.replicas`. */
  readonly field: string
  /** The message for an object that cannot be written in this way. */
  readonly missing: string
  read(object: KubeObject): number | undefined
  /** Returns the object's own bounds, or undefined. */
  limits(object: StoredObject): CountLimits | undefined
  /** Returns what a write needs to know of this version, or undefined. */
  ground(object: StoredObject): Ground | undefined
  /** True if a write needs a {@link Ground}. */
  readonly needsGround: boolean
  /** Returns why this count must not be changed, besides the reasons that apply to every object. */
  problem(object: StoredObject): TargetProblem | undefined
  /**
   * Returns the write of a count with a mark, based on a version. If `to` is undefined, it keeps
   * the count.
   */
  write(target: Target, mark: string, from: From, to: number | undefined): CountWrite
  /** True if the answer to a write contains the whole object. */
  readonly isAnswered: boolean
  /**
   * Returns the version in the JSON answer to a write, or the problem that the answer shows.
   * Undefined if the answer has no version.
   */
  stored(answer: string, mark: string, from: From, to: number | undefined): Version | TargetProblem | undefined
  /** Returns the marks of the writes that set an object's count. */
  marks(object: StoredObject): readonly string[]
  /**
   * Returns the mark of the write that the count is from, also if somebody else has applied the same
   * count since. As long as it is there, no later write of this count was made.
   */
  lastMark(object: StoredObject): string | undefined
  /**
   * Returns what somebody else has last said about the count, or undefined if somebody else has
   * written it last.
   */
  lastWord(object: StoredObject): LastWord | undefined
  /**
   * Returns the fence for an object: a write with a new mark that keeps the count. Undefined if no
   * fence is possible, for example because the object has all marks of fences already.
   */
  fence(object: StoredObject): Fence | undefined
}

/** A write that makes all other writes from its version impossible. */
export interface Fence {
  readonly mark: string
  readonly to: number | undefined
}

/** The version that a write replaces. */
export type From = Pick<Version, 'uid' | 'resourceVersion' | 'ground'>

/** What a JSON Patch needs to know of an object's version. Pointers follow RFC 6901. */
export interface Ground {
  readonly count: string
  /** The pointers to maps that must be created first, outer maps before inner ones. */
  readonly makes: readonly string[]
  /** What the object says of its counts. Absent if it says nothing. */
  readonly histories?: CountHistories
  /** A test that a list still has the same item at the same place. */
  readonly item?: { readonly pointer: string; readonly value: string }
  /** What is held of the field. Absent unless the count is how many hold it. */
  readonly held?: HeldGround
}

/** What a write of a hold needs to know: the field before it, and all that the object says of holds. */
export interface HeldGround extends Before {
  readonly holds: StoredHolds
}

/** What an object says about its counts, by their fields. */
export type CountHistories = Readonly<Record<string, CountHistory>>

/** What somebody else has last said about a count, and what hooks have made of it since. */
export interface CountHistory extends LastWord {
  readonly is: number
}
