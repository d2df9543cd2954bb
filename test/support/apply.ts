import { isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { nameOf } from '../deploy/manifests.ts'
import type { Cluster } from './product.ts'

/** Applies a hook server-side, under the name of its manifest. Returns the status and the message. */
export const applyAs = async (
  { api, namespace }: Cluster,
  fieldManager: string,
  hook: unknown,
  query: Readonly<Record<string, string>> = {},
): Promise<readonly [number, string]> => {
  const object = isObject(hook) ? hook : {}
  const { status, body } = await api.request({
    method: 'PATCH',
    path: objectPath(hooks, namespace, nameOf(hook)),
    query: { fieldManager, ...query },
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify({ ...object, metadata: { name: nameOf(hook), namespace } }),
    lane: 'bulk',
    timeoutMs: 5000,
  })
  return [status, stringAt(tryParseJson(body), 'message') ?? '']
}
