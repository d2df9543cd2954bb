import { hasNamedURL } from '../../src/api/named.ts'
import { at, stringAt } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Cluster } from './cluster.ts'
import { listObjects } from './hooks.ts'

/** A hook that has a URL with a token. */
export interface SignedHook {
  /** `NAMESPACE/NAME`. */
  readonly name: string
  /** Whether its URL is in no Secret, so that people have pasted it somewhere. */
  readonly isPasted: boolean
}

/** The hooks whose published URL a key has signed, by the `kid` of the key. */
export type KeyUse = ReadonlyMap<string, readonly SignedHook[]>

/**
 * Reads all hooks, and returns which key has signed the URL of each. Undefined if the person may not list hooks in
 * all namespaces. Throws the other errors of the API server.
 */
export const readKeyUse = async ({ api }: Pick<Cluster, 'api'>): Promise<KeyUse | undefined> => {
  try {
    return useIn(await listObjects({ api }, hooks, undefined))
  } catch (error) {
    if (isStatus(error, 403)) return undefined
    throw error
  }
}

const useIn = (objects: readonly StoredObject[]): KeyUse => {
  const use = new Map<string, SignedHook[]>()
  for (const hook of objects) {
    const kid = stringAt(hook, 'status', 'minted', 'kid')
    if (kid === undefined || hasNamedURL(at(hook, 'spec'))) continue
    const signed = use.get(kid) ?? []
    use.set(kid, signed)
    const { name, namespace = '' } = hook.metadata
    const isPasted = stringAt(hook, 'spec', 'token', 'secretName') === undefined
    signed.push({ name: `${namespace}/${name}`, isPasted })
  }
  return use
}
