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

/** The public keys as the controller has published them, and their JSON. Throws what the API server answers. */
export const readPublicKeys = async (
  { api }: Pick<Cluster, 'api'>,
  namespace: string,
): Promise<{ readonly keys: PublicKeys; readonly jwks: string }> => {
  const path = objectPath(configMaps, namespace, publicKeysConfigMap)
  const map = await send(api, { method: 'GET', path, timeoutMs: patienceMs })
  const jwks = stringAt(map, 'data', keySetEntry) ?? ''
  return { jwks, keys: parsePublicKeys(jwks, map.metadata.resourceVersion) }
}

/** The ids of the keys in a set, the one that signs first. */
export const kidsIn = (jwks: string): readonly string[] => {
  const found: unknown = at(tryParseJson(jwks), 'keys')
  return Array.isArray(found) ? found.map(key => stringAt(key, 'kid') ?? '') : []
}
