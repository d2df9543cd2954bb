import { authOf, unreadable } from '../api/auth.ts'
import type { Problem } from '../api/conditions.ts'
import { credentialsIn } from '../api/credentials.ts'
import type { ReceiverHook } from '../api/hook.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { isStatus } from '../kube/errors.ts'
import { read } from '../kube/requests.ts'
import { secrets } from '../kube/resources.ts'

/** What keeps the senders of a hook from proving what its `auth` asks for, if anything does. Throws what the API throws. */
export const authProblem = async (api: ApiConnection, hook: ReceiverHook): Promise<Problem | undefined> => {
  const auth = authOf(hook.spec.auth)
  if (!auth || auth.form === 'sns') return undefined
  const { namespace } = hook.metadata
  try {
    const found = credentialsIn(await read(api, secrets, namespace, auth.secret), auth)
    return 'lacks' in found ? { reason: 'AuthSecretNotFound', message: found.lacks, lasts: 'reconciling' } : undefined
  } catch (error) {
    if (!isStatus(error, 403)) throw error
    return { reason: 'Forbidden', message: unreadable('controller', namespace, auth), lasts: 'stalled' }
  }
}
