import type { ApiConnection, ApiRequest, ApiResponse, WatchLine } from '../environment/environment.ts'
import { Unreachable, WatchRefused } from '../environment/unreachable.ts'
import { userOf, type ServiceAccount } from './reviews.ts'

/** A service account as which requests are made, in place of the process's own account. */
export interface Acting {
  readonly name: string
  /** Sends requests as the account, and only while the account is known to exist. */
  readonly api: ApiConnection
}

/**
 * Whether an account is there. forbidden: this process may not read it. Otherwise nothing is known
 * of it now.
 */
export type AccountState = 'there' | 'gone' | 'forbidden' | 'unreachable'

/**
 * Returns a connection whose requests are made as a service account
 * (https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/). The API server lets an
 * account act that has been deleted, so `look` is asked before each request. Without the account,
 * nothing is sent: the answer is then 403, as if a right had been taken away. Groups are never named:
 * the API server adds those that the account has.
 */
export const actingAs = (
  api: ApiConnection,
  account: ServiceAccount,
  look: () => Promise<AccountState>,
): ApiConnection => {
  const user = userOf(account)
  const as = (request: ApiRequest): ApiRequest => ({ ...request, user })
  return {
    request: async request => {
      const state = await look()
      if (state === 'there') return await api.request(as(request))
      if (state === 'unreachable') throw new Unreachable(unknownAccount(account), false)
      return refusalOf(account, state)
    },
    watch: (request, stop) => {
      const lines = async function* (): AsyncGenerator<WatchLine, void, undefined> {
        const state = await look()
        if (state === 'unreachable') throw new Unreachable(unknownAccount(account), false)
        if (state !== 'there') throw new WatchRefused(403, refusedAccount(account, state))
        yield* api.watch(as(request), stop)
      }
      // The watch of one object needs no proof that it is current, so nothing is asked over it.
      return { [Symbol.asyncIterator]: lines, ask: () => Promise.resolve(undefined) }
    },
  }
}

/** Returns the message that nothing is known of an account now. */
export const unknownAccount = ({ name }: ServiceAccount): string =>
  `can't read ServiceAccount/${name}, the account that the hook acts as`

/** Returns why an account may not act. */
export const refusedAccount = ({ name, namespace }: ServiceAccount, state: 'gone' | 'forbidden'): string =>
  state === 'gone'
    ? `the hook acts as ServiceAccount/${name}, which does not exist in namespace ${namespace}`
    : `the hook acts as ServiceAccount/${name} in namespace ${namespace}, which the trigger may not read`

/** Returns the answer to a request that is not sent, in the form of the API server's. */
const refusalOf = (account: ServiceAccount, state: 'gone' | 'forbidden'): ApiResponse => ({
  status: 403,
  headers: {},
  body: JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Forbidden',
    message: refusedAccount(account, state),
    code: 403,
  }),
})
