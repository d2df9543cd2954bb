import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import { group } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { listPages } from '../../src/kube/list.ts'
import { apiVersionOf, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { sendMergePatch, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Selectors, Source } from '../../src/kube/source.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import type { Cluster } from './cluster.ts'

/**
 * The time limit of a request that a person waits for, in milliseconds. `--request-timeout`
 * (default: 10 s) can only shorten it.
 */
export const interactiveTimeoutMs = 60_000

/**
 * Returns a function that adds `apiVersion` and `kind` to an item of a list, because lists omit
 * them.
 */
export const namedKind =
  (type: ResourceType) =>
  (item: StoredObject): StoredObject => ({ apiVersion: apiVersionOf(type), kind: type.kind, ...item })

/**
 * Returns all objects of a type, in one namespace or in all. Of an object that is too large, it
 * returns only the metadata. Throws the API server's errors.
 */
export const listObjects = async (
  { api }: Pick<Cluster, 'api'>,
  type: ResourceType,
  namespace: string | undefined,
  selectors: Selectors = {},
): Promise<readonly StoredObject[]> =>
  await listSource(api, { type, ...(namespace !== undefined && { namespace }), ...selectors })

/** Returns the metadata of all objects of a type, in one namespace or in all. Throws the API server's errors. */
export const listMetadata = async (
  { api }: Pick<Cluster, 'api'>,
  type: ResourceType,
  namespace: string | undefined,
): Promise<readonly StoredObject[]> =>
  await listSource(api, { type, ...(namespace !== undefined && { namespace }), isMetadataOnly: true })

const listSource = async (api: Cluster['api'], source: Source): Promise<readonly StoredObject[]> => {
  const items: StoredObject[] = []
  for await (const page of listPages(api, source)) {
    items.push(...page.objects, ...(page.large ? [page.large] : []))
  }
  return items.map(namedKind(source.type))
}

/**
 * Reads the hook with a name. `word` is the name alone, such as `web-up`, or the kind and the name,
 * such as `rhook/web-up` or the output of `-o name`.
 */
export const readHook = async (cluster: Pick<Cluster, 'api' | 'namespace'>, word: string): Promise<ReceiverHook> => {
  const { api, namespace } = cluster
  const name = hookName(word)
  try {
    const object = await send(api, {
      method: 'GET',
      path: objectPath(hooks, namespace, name),
      timeoutMs: interactiveTimeoutMs,
    })
    if (isReceiverHook(object)) return object
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404 || error.reason !== 'NotFound') throw error
    const names = await namesIn(cluster)
    const there =
      names === undefined
        ? ''
        : names.length === 0
          ? ', which has no hooks or does not exist'
          : `; it has ${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`
    throw new CommandFailure(`there is no hook ${name} in the namespace ${namespace}${there}`, 1)
  }
  throw new CommandFailure(`${name} in the namespace ${namespace} is a hook that this version can't read`, 1)
}

/** Returns the names of hooks, for an error message. Returns undefined if the hooks cannot be listed. */
const namesIn = async (cluster: Pick<Cluster, 'api' | 'namespace'>): Promise<readonly string[] | undefined> => {
  try {
    const items = await listObjects(cluster, hooks, cluster.namespace)
    return items.map(({ metadata }) => metadata.name)
  } catch {
    return undefined
  }
}

/**
 * Returns the name in a word such as `rhook/web-up` or `web-up`. Throws for another kind than a
 * hook.
 */
export const hookName = (word: string): string => {
  const [kind = '', name] = word.split('/', 2)
  if (name === undefined || name === '') return word
  const known = ['rhook', 'rhooks', 'receiverhook', 'receiverhooks', `receiverhook.${group}`, `receiverhooks.${group}`]
  if (known.includes(kind.toLowerCase())) return name
  throw new CommandFailure(`${word} is not a hook's name: write only the name`, 1)
}

/**
 * The query of all writes of this program. The API server refuses a field that an older definition
 * of the resource does not know. Otherwise it would drop the field and only warn.
 */
export const writing: Readonly<Record<string, string>> = {
  fieldManager: 'kubectl-receiverhook',
  fieldValidation: 'Strict',
}

/** Changes a hook by a merge patch (RFC 7386). */
export const patchHook = (
  { api, namespace }: Pick<Cluster, 'api' | 'namespace'>,
  name: string,
  patch: object,
  query: Readonly<Record<string, string>> = {},
): Promise<StoredObject> =>
  sendMergePatch(api, objectPath(hooks, namespace, name), patch, {
    query: { ...writing, ...query },
    timeoutMs: interactiveTimeoutMs,
  })

/** How often a change is sent at most, if the API server answers 409 because the status was written meanwhile. */
const attempts = 5

/**
 * Changes the spec of a hook that was read before, unless somebody has changed the spec or replaced
 * the hook since. Each delivery raises the resourceVersion, but not the generation. So after a
 * conflict the hook is read again.
 */
export const patchSeenHook = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  seen: ReceiverHook,
  spec: object,
): Promise<StoredObject> => {
  const { generation, name, uid } = seen.metadata
  let { resourceVersion } = seen.metadata
  for (let attempt = 1; ; attempt++) {
    try {
      return await patchHook(cluster, name, { metadata: { resourceVersion, uid }, spec })
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || attempt === attempts) throw error
      const { metadata } = await readHook(cluster, name)
      if (metadata.uid !== uid || metadata.generation !== generation) throw error
      resourceVersion = metadata.resourceVersion
    }
  }
}
