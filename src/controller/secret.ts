import { objectAt, stringAt } from '../api/json.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { controllerOf, type StoredObject } from '../api/object.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { ApiError, isDenied, isRefusal, isStatus } from '../kube/errors.ts'
import { pagesOf } from '../kube/pager.ts'
import { collectionPath, objectPath } from '../kube/paths.ts'
import { create, replace } from '../kube/requests.ts'
import { secrets } from '../kube/resources.ts'

/** The label of every object that the controller creates. */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'receiver-hooks' } as const

/**
 * The label on a hook's Secret. Its value is the hook's uid, so a list by this label needs to read
 * no other Secret.
 */
const hookUidLabel = 'receiverhooks.dev/hook-uid'

/** The time limit of a list or a deletion, in milliseconds. */
const timeoutMs = 10_000

/** The content of a hook's Secret: the URL for Alertmanager's `url_file`, and the token alone. */
export interface SecretContent {
  readonly url: string
  readonly token: string
}

/**
 * How many Secrets with a hook's uid are read. A hook has one, and briefly a second while
 * `token.secretName` changes.
 */
const maxSecrets = 16

export interface OwnedSecret {
  readonly metadata: Pick<StoredObject['metadata'], 'name' | 'namespace' | 'uid' | 'resourceVersion'>
  readonly token: string | undefined
  /** The whole object. Present only if it is the Secret that the hook names. */
  readonly whole?: StoredObject
}

/**
 * Returns the Secrets that a hook controls; `named` is the one that it names. The list selects the
 * label with its uid, so other Secrets are never sent here. The label alone does not prove
 * ownership: the owner reference must match too.
 * Anybody who may write Secrets can set the label on many large ones. So Secrets are read page by
 * page, and none after {@link maxSecrets} have come. What is behind them counts as not owned.
 */
export const ownedSecrets = async (
  api: ApiConnection,
  hook: ReceiverHook,
  named: string | undefined,
): Promise<readonly OwnedSecret[]> => {
  const { namespace, uid } = hook.metadata
  const path = collectionPath(secrets, namespace)
  const query = { labelSelector: `${hookUidLabel}=${uid}` }
  const found: OwnedSecret[] = []
  let seen = 0
  for await (const page of pagesOf(api, { resource: 'secrets', path, query, lane: 'bulk', timeoutMs })) {
    for (const secret of page.objects) {
      if (controllerOf(secret)?.uid === uid) found.push(ownedOf(secret, secret.metadata.name === named))
    }
    // Pages may be empty.
    seen += page.objects.length + 1
    if (seen > maxSecrets) break
  }
  return found
}

const ownedOf = (secret: StoredObject, isNamed: boolean): OwnedSecret => {
  const { name, namespace, resourceVersion, uid } = secret.metadata
  const metadata = { name, uid, resourceVersion, ...(namespace !== undefined && { namespace }) }
  return { metadata, token: tokenIn(secret), ...(isNamed && { whole: secret }) }
}

const tokenIn = (secret: StoredObject): string | undefined => decode(stringAt(secret, 'data', 'token'))

/**
 * Stores a content in the Secret `name`: creates it, or replaces the one in `owned` if it differs.
 * Returns 'conflict' if another object owns a Secret of that name. That Secret is not changed.
 */
export const putSecret = async (
  api: ApiConnection,
  hook: ReceiverHook,
  owned: readonly OwnedSecret[],
  name: string,
  content: SecretContent,
): Promise<'put' | 'conflict'> => {
  const found = wholeOf(owned)
  if (found) {
    await updateSecret(api, found, content)
    return 'put'
  }
  try {
    await create(api, secrets, hook.metadata.namespace, secretOf(hook, name, content))
    return 'put'
  } catch (error) {
    if (!isStatus(error, 409) || isDenied(error)) throw error
    // A Secret with this name exists. It may still be the hook's: another controller was faster, or
    // the answer to an earlier request was lost.
    const ours = wholeOf(await ownedSecrets(api, hook, name))
    if (!ours) return 'conflict'
    await updateSecret(api, ours, content)
    return 'put'
  }
}

const wholeOf = (owned: readonly OwnedSecret[]): StoredObject | undefined =>
  owned.find(({ whole }) => whole !== undefined)?.whole

/** Deletes a Secret in the version that was read. */
const deleteSecret = async (api: ApiConnection, secret: OwnedSecret): Promise<void> => {
  const { name, namespace = '', resourceVersion, uid } = secret.metadata
  const path = objectPath(secrets, namespace, name)
  const preconditions = { uid, resourceVersion }
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions })
  const response = await api.request({ method: 'DELETE', path, body, lane: 'bulk', timeoutMs })
  if (response.status > 299 && response.status !== 404) throw new ApiError(response, `DELETE ${path}`)
}

/** A Secret that the API server does not let the controller delete, and its answer. */
export interface FormerSecret {
  /** Undefined if the controller may not even see whether there is one. */
  readonly name: string | undefined
  readonly refusal: ApiError
}

/**
 * Deletes Secrets from {@link ownedSecrets}. Returns one that the API server refuses to delete, or
 * undefined. Throws other errors.
 */
export const deleteSecrets = async (
  api: ApiConnection,
  owned: readonly OwnedSecret[],
): Promise<FormerSecret | undefined> => {
  let kept: FormerSecret | undefined
  for (const secret of owned) {
    try {
      await deleteSecret(api, secret)
    } catch (error) {
      if (!isRefusal(error)) throw error
      kept ??= { name: secret.metadata.name, refusal: error }
    }
  }
  return kept
}

const updateSecret = async (api: ApiConnection, secret: StoredObject, content: SecretContent): Promise<void> => {
  if (tokenIn(secret) === content.token && decode(stringAt(secret, 'data', 'url')) === content.url) return
  // Others may have added entries.
  const data = { ...objectAt(secret, 'data'), ...encoded(content) }
  await replace(api, secrets, secret.metadata.namespace ?? '', { ...secret, apiVersion: 'v1', kind: 'Secret', data })
}

const secretOf = (hook: ReceiverHook, secretName: string, content: SecretContent) => {
  const { name, uid } = hook.metadata
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secretName,
      labels: { ...managedByLabel, [hookUidLabel]: uid },
      ownerReferences: [{ apiVersion, kind: hookKind, name, uid, controller: true }],
    },
    type: 'Opaque',
    data: encoded(content),
  }
}

const encoded = ({ url, token }: SecretContent) => ({ url: encode(url), token: encode(token) })
const encode = (text: string): string => Buffer.from(text).toString('base64')
const decode = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : Buffer.from(text, 'base64').toString()
