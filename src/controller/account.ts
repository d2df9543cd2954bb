import type { Problem } from '../api/conditions.ts'
import type { ReceiverHook } from '../api/hook.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { ApiError, isStatus } from '../kube/errors.ts'
import { refusedAccount } from '../kube/acting.ts'
import { read } from '../kube/requests.ts'
import { serviceAccounts } from '../kube/resources.ts'

/**
 * Returns the problem that the account of a hook does not exist, or undefined. It may be created right
 * after its hook. Throws the API server's errors.
 */
export const accountProblem = async (
  api: ApiConnection,
  { metadata: { namespace }, spec: { serviceAccountName: name } }: ReceiverHook,
): Promise<Problem | undefined> => {
  if (name === undefined) return undefined
  try {
    const object = await read(api, serviceAccounts, namespace, name, { as: 'metadata' })
    if (object && object.metadata.deletionTimestamp === undefined) return undefined
    const message = refusedAccount({ namespace, name }, 'gone')
    return { reason: 'AccountNotFound', message, lasts: 'reconciling' }
  } catch (error) {
    if (!(error instanceof ApiError) || !isStatus(error, 403)) throw error
    return { reason: 'Forbidden', message: error.message, lasts: 'stalled' }
  }
}
