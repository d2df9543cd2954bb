import { isObject } from './json.ts'

/** The metadata that this product reads. Objects keep their other members. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  /** A time in RFC 3339, as is `deletionTimestamp`. */
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly finalizers?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly managedFields?: readonly unknown[]
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** A Kubernetes object as the API server sends it. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
  readonly [member: string]: unknown
}

export const isKubeObject = (value: unknown): value is KubeObject =>
  isObject(value) && isObject(value['metadata']) && typeof value['metadata']['name'] === 'string'

/** An object that the API server has stored, with the metadata that only the server sets. */
export type StoredObject = KubeObject & {
  readonly metadata: ObjectMeta & { readonly uid: string; readonly resourceVersion: string }
}

export const isStoredObject = (value: unknown): value is StoredObject =>
  isKubeObject(value) && value.metadata.uid !== undefined && value.metadata.resourceVersion !== undefined

export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(owner => owner.controller === true)
