import { at, stringAt, tryParseJson } from '../../api/json.ts'
import { objectPath } from '../../kube/paths.ts'
import { send } from '../../kube/requests.ts'
import { configMaps } from '../../kube/resources.ts'
import { parsePublicKeys, type PublicKeys } from '../../token/keys.ts'
import { keySetEntry, publicKeysConfigMap } from '../../token/published.ts'
import { textOr } from '../options.ts'
import type { Cluster } from './cluster.ts'
import { patienceMs } from './hooks.ts'

export const systemNamespaceOption = textOr(
  {
    flag: 'system-namespace',
    value: 'NAME',
    means: "the product's own namespace, where its keys are (default: receiver-hooks)",
    completes: 'namespaces',
  },
  'receiver-hooks',
)

/** Reads the published public keys. Returns them and their JSON. Throws the API server's errors. */
export const readPublicKeys = async (
  { api }: Pick<Cluster, 'api'>,
  namespace: string,
): Promise<{ readonly keys: PublicKeys; readonly jwks: string }> => {
  const path = objectPath(configMaps, namespace, publicKeysConfigMap)
  const map = await send(api, { method: 'GET', path, timeoutMs: patienceMs })
  const jwks = stringAt(map, 'data', keySetEntry) ?? ''
  return { jwks, keys: parsePublicKeys(jwks, map.metadata.resourceVersion) }
}

/** Returns the ids of the keys in a set, the signing key first. */
export const kidsIn = (jwks: string): readonly string[] => {
  const found: unknown = at(tryParseJson(jwks), 'keys')
  return Array.isArray(found) ? found.map(key => stringAt(key, 'kid') ?? '') : []
}
