import { at, stringAt } from '../api/json.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { controllerOf, type StoredObject } from '../api/object.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { ApiError, isStatus } from '../kube/errors.ts'
import { pagesOf } from '../kube/pager.ts'
import { collectionPath, objectPath } from '../kube/paths.ts'
import { create, replace } from '../kube/requests.ts'
import { secrets } from '../kube/resources.ts'
import { hookUidLabel, managedByLabel } from './labels.ts'

/** How long a list or a deletion may take, in milliseconds. */
const timeoutMs = 10_000

/** What a hook's Secret holds: what Alertmanager's `url_file` reads, and the token by itself. */
export interface SecretContent {
  readonly url: string
  readonly token: string
}

/** How many Secrets with the uid of one hook are looked at. A hook has one, and another while that one's name changes. */
const maxSecrets = 16

/** A Secret that a hook controls, and what of it is of use here. */
export interface OwnedSecret {
  readonly metadata: Pick<StoredObject['metadata'], 'name' | 'namespace' | 'uid' | 'resourceVersion'>
  readonly token: string | undefined
  /** All of it, where it is the one that the hook names. */
  readonly whole?: StoredObject
}

/**
 * The Secrets that a hook controls, of which `named` is the one that it names. Only those with its uid in their label are asked for, so that no other Secret's
 * content is even sent here; and a label alone makes nothing ours: the owner reference must say so too. Anybody who may write
 * Secrets may put that label on many large ones: they are read one page after another, and no more than a few of them.
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
 * Puts a content into the Secret `name`, if it is not there already: creates it, or replaces the one among `owned`.
 * 'conflict' when a Secret of that name is not the hook's: that one is left alone.
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
    if (!isStatus(error, 409)) throw error
    // Taken. It may be ours all the same: another controller was faster, or an answer was lost.
    const ours = wholeOf(await ownedSecrets(api, hook, name))
    if (!ours) return 'conflict'
    await updateSecret(api, ours, content)
    return 'put'
  }
}

const wholeOf = (owned: readonly OwnedSecret[]): StoredObject | undefined =>
  owned.find(({ whole }) => whole !== undefined)?.whole

/** Deletes a Secret that {@link ownedSecrets} found, in the version that was found. */
export const deleteSecret = async (api: ApiConnection, secret: OwnedSecret): Promise<void> => {
  const { name, namespace = '', resourceVersion, uid } = secret.metadata
  const path = objectPath(secrets, namespace, name)
  const preconditions = { uid, resourceVersion }
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions })
  const response = await api.request({ method: 'DELETE', path, body, lane: 'bulk', timeoutMs })
  if (response.status > 299 && response.status !== 404) throw new ApiError(response, `DELETE ${path}`)
}

const updateSecret = async (api: ApiConnection, secret: StoredObject, content: SecretContent): Promise<void> => {
  if (tokenIn(secret) === content.token && decode(stringAt(secret, 'data', 'url')) === content.url) return
  const data = { ...members(secret), ...encoded(content) }
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

/** Keeps the entries that others have added to our two. */
const members = (secret: StoredObject): object => {
  const data = at(secret, 'data')
  return typeof data === 'object' && data !== null ? data : {}
}

const encoded = ({ url, token }: SecretContent) => ({ url: encode(url), token: encode(token) })
const encode = (text: string): string => Buffer.from(text).toString('base64')
const decode = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : Buffer.from(text, 'base64').toString()
