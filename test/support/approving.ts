import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { cluster, deployments, product } from './product.ts'

const approval = { within: '15m' }

/**
 * Makes a cluster with the product, a Deployment `web` of two, and a hook `web-up` with approval. The product reaches
 * the API server `through` a connection of the test.
 */
export const approving = async (
  spec: object = {},
  isGuarded = true,
  through: (api: ApiConnection) => ApiConnection = api => api,
) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const { operations } = await product({ ...here, api: through(here.api) }, { requests: isGuarded })
  await here.createHook('web-up', { max: 100 }, { approval, ...spec })
  const ask = async (name: string, more: object = {}): Promise<string> => {
    await create(here.api, requests, here.namespace, {
      apiVersion,
      kind: requestKind,
      metadata: { name },
      spec: { hook: 'web-up', by: { user: 'ann' }, ...more },
    })
    return name
  }
  /** Resolves with the status of a request once it is in a state. */
  const status = async (name: string, state: string, holds: (status: unknown) => boolean = () => true) =>
    at(
      await here.until(
        async (): Promise<StoredObject | undefined> => await read(here.api, requests, here.namespace, name),
        found => stringAt(found, 'status', 'state') === state && holds(at(found, 'status')),
      ),
      'status',
    )
  const patch = async (type: typeof hooks, name: string, change: object): Promise<StoredObject> =>
    await send(here.api, {
      method: 'PATCH',
      path: objectPath(type, here.namespace, name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(change),
    })
  const decide = async (name: string, is: 'Approved' | 'Denied', of?: unknown): Promise<void> => {
    const effect = stringAt(of ?? (await status(name, 'Awaiting')), 'effect', 'digest')
    await patch(requests, name, { spec: { decision: { is, by: 'bob', effect } } })
  }
  const scale = async (name: string, replicas: number): Promise<void> =>
    void (await patch(deployments, name, { spec: { replicas } }))
  return { ...here, ask, status, patch, decide, scale, operations }
}
