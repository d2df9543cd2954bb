import type { StoredObject } from '../api/object.ts'
import type { ApiRequest } from '../environment/environment.ts'
import type { Limits, Obstacle, Target } from './steps.ts'
import type { Version } from './target/read.ts'

/** A write as a way of writing makes it. */
export type CountWrite = Pick<ApiRequest, 'path' | 'query' | 'contentType' | 'body'>

/** What keeps a step from being made. */
export interface Hindrance {
  readonly reason: Obstacle
  readonly message: string
}

/**
 * Where an object holds its count, and how a count is written there so that the write can be told from any other: by its mark,
 * which no other write has.
 */
export interface CountAt {
  /** Names the way in full: with it whoever meets a claim sends the very same request. */
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
  /** Why the count of an object is not to be changed, beside what is so for every object. */
  obstacle(object: StoredObject): Hindrance | undefined
  /** The write of a count under a mark, from a version; undefined leaves the count as it is. */
  write(target: Target, mark: string, from: From, to: number | undefined): CountWrite
  /** What the answer to a write shows, which is JSON; undefined where it is no answer to one. */
  stored(answer: string, mark: string, from: From, to: number | undefined): Version | Hindrance | undefined
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
