import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { configMaps } from '../../src/kube/resources.ts'
import { parsePublicKeys, type PublicKeys } from '../../src/token/keys.ts'
import { keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import { stopIn, type Stop } from '../../src/token/stop.ts'
import type { Option } from '../../src/commands/command.ts'
import { namespaceName } from '../../src/commands/options.ts'
import type { Cluster } from './cluster.ts'
import { interactiveTimeoutMs } from './hooks.ts'

const named = namespaceName({
  flag: 'system-namespace',
  means: "the product's own namespace, where its keys are (default: receiver-hooks)",
  completes: 'namespaces',
})

export const systemNamespaceOption: Option<string> = { ...named, read: texts => named.read(texts) ?? 'receiver-hooks' }

/**
 * Returns `--system-namespace NAMESPACE` with a blank before it, for a command in a message.
 * Returns an empty text if the namespace is the default one.
 */
export const systemNamespaceFlag = (namespace: string): string =>
  namespace === systemNamespaceOption.read([]) ? '' : ` --${systemNamespaceOption.flag} ${namespace}`

/**
 * Reads the ConfigMap of the public keys. `jwks` is the JSON of the keys. `stop` is undefined if
 * hooks are not stopped. Throws the API server's errors.
 */
export const readPublicKeys = async (
  { api }: Pick<Cluster, 'api'>,
  namespace: string,
): Promise<{ readonly keys: PublicKeys; readonly jwks: string; readonly stop: Stop | undefined }> => {
  const path = objectPath(configMaps, namespace, publicKeysConfigMap)
  const map = await send(api, { method: 'GET', path, timeoutMs: interactiveTimeoutMs })
  const jwks = stringAt(map, 'data', keySetEntry) ?? ''
  const keys = parsePublicKeys(jwks, map.metadata.resourceVersion)
  return { jwks, keys, stop: stopIn(map.metadata.annotations) }
}

/** Returns the ids of the keys in a set, the signing key first. */
export const kidsIn = (jwks: string): readonly string[] => {
  const found: unknown = at(tryParseJson(jwks), 'keys')
  return Array.isArray(found) ? found.map(key => stringAt(key, 'kid') ?? '') : []
}
