import { authOf, issuerNotAllowed, unreadableSecret, type IssuerAuth } from '../api/auth.ts'
import type { Accounts, Role } from '../api/bind-command.ts'
import type { Problem } from '../api/conditions.ts'
import { credentialsIn, maxAuthSecretBytes, tooLargeSecret } from '../api/credentials.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { hasNamedURL } from '../api/named.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { isStatus, ObjectTooLarge, ApiError } from '../kube/errors.ts'
import { read } from '../kube/requests.ts'
import { secrets, serviceAccounts } from '../kube/resources.ts'
import type { IssuerKeys } from '../token/issuer-keys.ts'
import type { TriggerRights } from './trigger-rights.ts'
import { refusedAccount } from '../kube/acting.ts'

/**
 * Returns why the senders of a hook cannot prove what its `auth` asks for, or undefined. `accounts`
 * are the installation's service accounts, `issuers` the keys of the issuers that it allows. Throws the API server's errors.
 */
export const authProblem = async (
  api: ApiConnection,
  hook: ReceiverHook,
  rights: Pick<TriggerRights, 'missing'> | undefined,
  accounts: Accounts,
  issuers: Pick<IssuerKeys, 'allows' | 'problem'>,
): Promise<Problem | undefined> => {
  const auth = authOf(hook.spec.auth)
  if (!auth || auth.form === 'sns') return undefined
  if (auth.form === 'oidc') return await issuerProblem(auth, issuers)
  const { namespace } = hook.metadata
  const forbidden = (role: Role): Problem => ({
    reason: 'Forbidden',
    message: unreadableSecret(role, namespace, auth, accounts),
    lasts: 'stalled',
  })
  try {
    const found = credentialsIn(
      await read(api, secrets, namespace, auth.secret, { maxBytes: maxAuthSecretBytes }),
      auth,
      hasNamedURL(hook.spec),
    )
    if ('reason' in found) return { ...found, lasts: found.reason === 'AuthSecretWeak' ? 'stalled' : 'reconciling' }
    const missing = await rights?.missing(api, namespace, [{ type: secrets, name: auth.secret, verbs: ['get'] }])
    return missing?.length ? forbidden('trigger') : undefined
  } catch (error) {
    if (error instanceof ObjectTooLarge)
      return { reason: 'AuthSecretTooLarge', message: tooLargeSecret(auth), lasts: 'stalled' }
    if (!isStatus(error, 403)) throw error
    return forbidden('controller')
  }
}

/** Returns why tokens of the issuer that a hook names cannot be verified, or undefined. */
const issuerProblem = async (
  auth: IssuerAuth,
  issuers: Pick<IssuerKeys, 'allows' | 'problem'>,
): Promise<Problem | undefined> => {
  if (!issuers.allows(auth.issuer)) {
    return { reason: 'IssuerNotAllowed', message: issuerNotAllowed(auth), lasts: 'stalled' }
  }
  const why = await issuers.problem(auth.issuer)
  if (why === undefined) return undefined
  const message = `can't read the keys of ${auth.issuer}, which auth.oidc.issuer names: ${why}`
  return { reason: 'IssuerUnavailable', message, lasts: 'reconciling' }
}

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
