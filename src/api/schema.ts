/**
 * The part of OpenAPI that a CRD may use (a "structural schema"), and the TypeScript types that
 * follow from a schema. Each schema is a constant (`as const satisfies Obj`), from which CRD,
 * types, guard and reference pages are made.
 */

import type { JsonObject } from './json.ts'

/**
 * A rule about a value, written twice: in CEL for the API server, and in TypeScript for this
 * program. `message` says what to write. Only the API server can check a rule about `oldSelf`.
 */
export interface Rule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
  readonly reason?: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden'
  /** Returns the result of the rule for a value of the right type. Absent for a rule about `oldSelf`. */
  readonly holds?: (self: unknown) => boolean
  /**
   * Set if the rule requires exactly one of several members. A form shows these members as a
   * choice. The CRD does not contain this field.
   */
  readonly choice?: Choice
}

/** Members of an object, exactly one of which is set. */
export interface Choice {
  readonly title: string
  readonly of: readonly string[]
  /** The label of the choice that sets no member. Absent if one of the members is required. */
  readonly none?: string
}

interface Node {
  /** The label in a form. Default: the member's name in words. */
  readonly title?: string
  readonly description?: string
  /**
   * The text below the field in a form, for a person who does not see a manifest. Default: the
   * description. Empty: no text.
   */
  readonly hint?: string
  readonly nullable?: boolean
  readonly default?: unknown
  readonly 'x-kubernetes-validations'?: readonly Rule[]
}

export interface Str extends Node {
  readonly type: 'string'
  readonly enum?: readonly string[]
  /**
   * The labels of the values of `enum` in a form. Default: the values. The CRD does not contain
   * this field.
   */
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

/** An object that is stored unchanged, with any members. */
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
    readonly [K in keyof P as K extends Present ? never : K]?: Value<P[K], Live> | undefined
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

/** A value of schema S as the API server stores it, with defaults filled in. */
export type Stored<S> = Value<S, true>
/** A value of schema S as a person writes it. Members with a default are optional. */
export type Written<S> = Value<S, false>
