import type { JsonObject } from '../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../src/api/object.ts'
import type { Clock, Random } from '../src/environment/environment.ts'
import { rfc3339 } from '../src/environment/time.ts'
import { apiVersionOf } from '../src/kube/paths.ts'
import { createServedResources, type ServedResources } from './served-resources.ts'
import type { ResourceDefinition } from './definition.ts'
import type { RuleCompiler } from './rule.ts'
import { createStore, storeKey, type StorePlace, type Store } from './store.ts'

/** All state of one server. */
export interface ServerState {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly definitions: ServedResources
  /** Returns an object as JSON, as clients of this version of its resource see it. */
  readonly textOf: (definition: ResourceDefinition, object: StoredObject) => string
}

/** The address of an object, which may or may not exist. */
export interface Addressed {
  readonly definition: ResourceDefinition
  /** Undefined for resources of the whole cluster. */
  readonly namespace: string | undefined
  readonly name: string
}

const firstNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

export const createState = (clock: Clock, random: Random, historyMs: number, rules: RuleCompiler): ServerState => {
  const store = createStore(clock, historyMs)
  const state = { clock, random, store, definitions: createServedResources(rules), textOf: rememberedTexts() }
  const definition = state.definitions.find('', 'v1', 'namespaces')
  for (const name of firstNamespaces) {
    const metadata = { name, uid: newUid(random), resourceVersion: '', creationTimestamp: rfc3339(clock.now()) }
    const { object } = definition?.admit({ metadata }, undefined) ?? {}
    if (isStoredObject(object)) state.store.put(namespacePlace(name), object)
  }
  return state
}

const namespacePlace = (name: string): StorePlace => ({ kept: '/namespaces', key: storeKey(undefined, name) })

export const namespaceExists = (state: ServerState, name: string): boolean =>
  state.store.get(namespacePlace(name)) !== undefined

export const placeOf = ({ definition, namespace, name }: Addressed): StorePlace => ({
  kept: definition.kept,
  key: storeKey(namespace, name),
})

/** Returns an object as a client of this version of its resource sees it. */
export const viewOf = (definition: ResourceDefinition, object: StoredObject): StoredObject => {
  const view: JsonObject = {
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    ...(definition.encode?.(object) ?? object),
  }
  return isStoredObject(view) ? view : object
}

/**
 * Returns a function that caches the JSON of each stored object, so that all watches send one text.
 * A stored object never changes.
 */
const rememberedTexts = (): ServerState['textOf'] => {
  const texts = new WeakMap<StoredObject, { readonly definition: ResourceDefinition; readonly text: string }>()
  return (definition, object) => {
    const known = texts.get(object)
    if (known?.definition === definition) return known.text
    const text = JSON.stringify(viewOf(definition, object))
    texts.set(object, { definition, text })
    return text
  }
}

/** Returns a random (version 4) UUID. */
export const newUid = (random: Random): string => {
  const bytes = random.bytes(16)
  const hex = [...bytes].map((byte, index) => {
    const marked = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte
    return marked.toString(16).padStart(2, '0')
  })
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** As in Kubernetes, it has no vowels, and no characters that look alike. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** Returns five characters, which make a name from `generateName` unique. */
export const newSuffix = (random: Random): string =>
  [...random.bytes(5)].map(byte => suffixAlphabet[byte % suffixAlphabet.length]).join('')
