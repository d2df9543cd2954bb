/**
 * The part of OpenAPI that a CRD may use (a "structural schema"), and the TypeScript types that follow from one. A schema
 * is a plain constant (`as const satisfies Obj`); the CRD, the types, the guard and the reference pages are made from it.
 */

import type { JsonObject } from './json.ts'

/**
 * One rule over a value, twice: in CEL for the API server, which judges it at admission, and in TypeScript for a
 * hook's first delivery. `message` says what to write. A rule on `oldSelf` is judged at admission alone.
 */
export interface Rule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
  readonly reason?: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden'
  /** The same judgement of an already well-shaped value; absent for a rule on `oldSelf`. */
  readonly holds?: (self: unknown) => boolean
  /** Of a rule that wants exactly one of several members: a form offers them as a choice. The API server is not sent this. */
  readonly choice?: Choice
}

/** Members of an object, exactly one of which is set. */
export interface Choice {
  readonly title: string
  readonly of: readonly string[]
  /** What it means that the object is absent, where it may be. */
  readonly none?: string
}

interface Node {
  /** What a form calls it; absent: its name in words. */
  readonly title?: string
  readonly description?: string
  /** What a form says below the field in place of the description, for a reader who sees labels and no manifest. Empty: nothing. */
  readonly hint?: string
  readonly nullable?: boolean
  readonly default?: unknown
  readonly 'x-kubernetes-validations'?: readonly Rule[]
}

export interface Str extends Node {
  readonly type: 'string'
  readonly enum?: readonly string[]
  /** What a form calls each value of `enum`; the others are called what they are. The API server is not sent this. */
  readonly titles?: Readonly<Record<string, string>>
  readonly minLength?: number
  readonly maxLength?: number
  readonly format?: 'date-time'
}

export interface Int extends Node {
  readonly type: 'integer'
  readonly format?: 'int32' | 'int64'
  readonly minimum?: number
  readonly maximum?: number
}

export interface Num extends Node {
  readonly type: 'number'
  readonly minimum?: number
  readonly maximum?: number
}

export interface Bool extends Node {
  readonly type: 'boolean'
}

export interface IntOrString extends Node {
  readonly 'x-kubernetes-int-or-string': true
  readonly maxLength?: number
  readonly anyOf?: readonly [{ readonly type: 'integer' }, { readonly type: 'string' }]
}

export interface List extends Node {
  readonly type: 'array'
  readonly items: Schema
  readonly maxItems?: number
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
}

export interface Dict extends Node {
  readonly type: 'object'
  readonly additionalProperties: Schema
  readonly maxProperties?: number
}

export interface Obj extends Node {
  readonly type: 'object'
  readonly properties: Properties
  readonly required?: readonly string[]
  readonly 'x-kubernetes-map-type'?: 'atomic'
}

/** An object that the API server stores as it is, whatever its members are. */
export interface Free extends Node {
  readonly type: 'object'
  readonly 'x-kubernetes-preserve-unknown-fields': true
}

export type Properties = { readonly [name: string]: Schema }

export type Schema = Str | Int | Num | Bool | IntOrString | List | Dict | Free | Obj

type Simplify<T> = { [K in keyof T]: T[K] } & {}
type RequiredOf<S> = S extends { required: readonly (infer R extends PropertyKey)[] } ? R : never
type Defaulted<P> = { [K in keyof P]: P[K] extends { default: unknown } ? K : never }[keyof P]
type Fields<P, Present extends PropertyKey, Live extends boolean> = Simplify<
  { readonly [K in keyof P as K extends Present ? K : never]: Value<P[K], Live> } & {
    readonly [K in keyof P as K extends Present ? never : K]?: Value<P[K], Live>
  }
>
type Value<S, Live extends boolean> = S extends { enum: readonly (infer E)[] }
  ? E
  : S extends { type: 'string' }
    ? string
    : S extends { type: 'integer' | 'number' }
      ? number
      : S extends { type: 'boolean' }
        ? boolean
        : S extends { 'x-kubernetes-int-or-string': true }
          ? number | string
          : S extends { type: 'array'; items: infer I }
            ? readonly Value<I, Live>[]
            : S extends { properties: infer P }
              ? Fields<P, Live extends true ? RequiredOf<S> | Defaulted<P> : RequiredOf<S>, Live>
              : S extends { additionalProperties: infer V }
                ? { readonly [k: string]: Value<V, Live> }
                : S extends { 'x-kubernetes-preserve-unknown-fields': true }
                  ? JsonObject
                  : never

/** A value of schema S as the API server stores it: defaults filled in. */
export type Stored<S> = Value<S, true>
/** A value of schema S as a person writes it: what has a default may be left out. */
export type Written<S> = Value<S, false>
